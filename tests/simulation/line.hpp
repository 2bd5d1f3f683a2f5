#pragma once
// A client's connection as those at its ends know it. The run's Connection owns it.

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace restante::simulation {

enum class Ending : std::uint8_t { complete, reject, abandon };

/// A client's connection, as far as promises depend on it.
struct Line {
    std::uint64_t id = 0;
    std::string device;  ///< empty: a service's
    std::string module;  ///< of the device, or empty
    std::string protocol;
    std::string key;            ///< of its token
    bool shut_out = false;      ///< may not connect, unless its registration changes
    std::uint64_t changes = 0;  ///< of its registration, when it was opened
    std::uint64_t opened_step = 0;
    SteadyTime opened_at{};
    bool lost = false;  ///< the hub's end of it has ended
};

}  // namespace restante::simulation
