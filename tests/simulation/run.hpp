#pragma once
// One simulated life of a hub: the real core, commit pipeline, store and gateway sessions, over a
// clock, a network and a disk that belong to the run, with crashes and other faults between; then a
// quiet time in which all that waits is fetched, and the History's verdict. Everything follows from
// the seed.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace restante::simulation {

/// How a run may be made smaller without becoming another one: each fault is drawn all the same,
/// and then does not happen.
struct Plan {
    std::size_t steps_max = 200;  ///< a life has up to so many, before the quiet time
    bool crashes = true;
    bool losses = true;  ///< of connections
    bool disk_failures = true;
    bool clock_jumps = true;
    bool damage = true;
    bool registrars = true;  ///< change who may connect meanwhile
    bool trace = false;      ///< says on standard output what clients see
};

struct Report {
    std::optional<std::string> violation;
    std::size_t accepted = 0;
    std::size_t delivered = 0;
    std::size_t restarts = 0;
    /// The same for the same seed and plan, if nothing else decides.
    std::uint64_t fingerprint = 0;
};

Report run(std::uint64_t seed, const Plan& plan = Plan());

}  // namespace restante::simulation
