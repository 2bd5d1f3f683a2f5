#pragma once
// What every measuring program needs: time in finer steps than a hub's clock has, a program's own
// processor time, and a distribution of many durations in little memory.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace restante::bench {

using Moment = std::chrono::steady_clock::time_point;

inline Moment moment() {
    return std::chrono::steady_clock::now();
}

inline double seconds_between(Moment from, Moment to) {
    return std::chrono::duration<double>(to - from).count();
}

/// What this process has used so far, all threads together, user and system.
double cpu_seconds();

/// A descriptor is a connection: takes as many as the system lets the process have.
void raise_descriptor_limit();

/// A histogram: each power of two of nanoseconds has 64 steps, so what it tells is less than 1.6 %
/// above what was measured.
class Latencies {
  public:
    void add(Moment from, Moment to);

    std::uint64_t count() const { return count_; }

    /// In microseconds; of 0.5 the median. 0 when nothing was measured.
    double quantile(double share) const;

  private:
    static constexpr unsigned steps_bits = 6;
    static constexpr std::size_t steps = std::size_t{1} << steps_bits;
    static constexpr unsigned nanoseconds_bits_max = 42;  ///< more than an hour

    static std::size_t step_of(std::uint64_t nanoseconds);
    static std::uint64_t end_of(std::size_t step);

    std::array<std::uint64_t, steps * nanoseconds_bits_max> counts_{};
    std::uint64_t count_ = 0;
};

}  // namespace restante::bench
