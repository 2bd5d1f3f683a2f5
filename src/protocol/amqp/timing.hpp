#pragma once
// The moments a connection lives by.

#include <optional>

#include "base/clock.hpp"

namespace restante::amqp {

struct Timing {
    SteadyTime now;                           ///< as last told
    SteadyTime opened;                        ///< when the transport stood
    SteadyTime heard;                         ///< when the last whole frame came
    SteadyTime spoken;                        ///< when output was last taken
    std::optional<Milliseconds> beat;         ///< longest silence we promised the peer
    std::optional<SteadyTime> closing_until;  ///< when the peer's close is no longer awaited
};

}  // namespace restante::amqp
