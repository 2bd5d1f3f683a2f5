#pragma once
// All chance of one simulated run, from its seed alone, the same on every machine.

#include <cstddef>
#include <cstdint>

namespace restante::simulation {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    /// SplitMix64: good enough to choose by, and its state is one number.
    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    /// 0 to count - 1.
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
    bool chance(unsigned percent) { return below(100) < percent; }

  private:
    std::uint64_t state_;
};

}  // namespace restante::simulation
