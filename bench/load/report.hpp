#pragma once
// What a run counted, and what went wrong. Used on the broker's loop, read by main() after its end.

#include <map>
#include <string>
#include <vector>

#include "common/measure.hpp"

namespace restante::load {

using bench::Latencies;
using bench::Moment;
using bench::moment;
using bench::seconds_between;

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

    void tell(const Latencies& latencies) {
        figures["p50_us"] = latencies.quantile(0.5);
        figures["p99_us"] = latencies.quantile(0.99);
        figures["p999_us"] = latencies.quantile(0.999);
    }
};

}  // namespace restante::load
