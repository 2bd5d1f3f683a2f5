#pragma once
// What a run counts and what went wrong. Used on the fleet's loop, read by main() after its end.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace restante::fleet {

struct Tally {
    /// Errors told in full; the rest is counted.
    static constexpr std::size_t told_errors_max = 20;

    std::map<std::string, std::size_t> counts;
    std::map<std::string, double> seconds;
    std::size_t errors = 0;
    std::vector<std::string> told_errors;

    void error(std::string text) {
        ++errors;
        if (told_errors.size() < told_errors_max) told_errors.push_back(std::move(text));
    }
};

}  // namespace restante::fleet
