#pragma once
// What a run counted, and what went wrong. Used on the broker's loop, read by main() after its end.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "ticks.hpp"

namespace restante::load {

class Latencies {
  public:
    void add(Ticks latency) { samples_.push_back(latency); }
    std::size_t size() const { return samples_.size(); }

    /// The latency that so many of all do not exceed; `share` from 0 to 1.
    Ticks at(double share) {
        if (samples_.empty()) return {};
        const auto index = static_cast<std::size_t>(share * static_cast<double>(size() - 1));
        const auto place = samples_.begin() + static_cast<std::ptrdiff_t>(index);
        std::nth_element(samples_.begin(), place, samples_.end());
        return *place;
    }

  private:
    std::vector<Ticks> samples_;
};

struct Report {
    /// Errors told in full; the rest is counted.
    static constexpr std::size_t told_errors_max = 5;

    std::map<std::string, double> figures;
    std::size_t errors = 0;
    std::vector<std::string> told_errors;

    void error(std::string text) {
        ++errors;
        if (told_errors.size() < told_errors_max) told_errors.push_back(std::move(text));
    }

    void tell(Latencies& latencies) {
        figures["p50_us"] = static_cast<double>(latencies.at(0.5).count());
        figures["p99_us"] = static_cast<double>(latencies.at(0.99).count());
        figures["p999_us"] = static_cast<double>(latencies.at(0.999).count());
    }
};

}  // namespace restante::load
