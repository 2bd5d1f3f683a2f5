#pragma once
// The messages a device sends, until the hub has each: first those handed to the connection and not
// acknowledged, then those that wait for a connection or for room on it.
//
//     add() ─▶ waiting ──next()──▶ unacknowledged ──answer()──▶ gone, its sender knows
//                ▲                       │
//                └──── rewind() ─────────┘     each also leaves by its deadline, or fail_all()
//
// Core owns it and uses it on its loop.

#include <cstdint>
#include <future>
#include <map>
#include <optional>

#include "base/clock.hpp"
#include "failure.hpp"
#include "restante/device/message.hpp"

namespace restante::device {

/// Messages held, sent or not. A sender beyond them is refused.
inline constexpr std::size_t sending_held_max = 1000;
/// Of those, unacknowledged at a time; Python's figure.
inline constexpr std::size_t unacknowledged_max = 20;
/// How long a message may take, connections that break included: the operation limit of Microsoft's
/// other clients. Python waits without end.
inline constexpr Milliseconds send_timeout = std::chrono::minutes(4);

class Sending {
  public:
    struct Entry {
        std::uint64_t number;
        const Message& message;
    };

    bool full() const { return held_.size() >= sending_held_max; }
    bool empty() const { return held_.empty(); }
    void add(Message message, std::promise<Outcome> sender, SteadyTime now);

    /// The next one to be handed to the connection; nullopt when there is none, or no room.
    std::optional<Entry> next();
    void answer(std::uint64_t number, const Outcome& outcome);
    /// The connection is over: all that it has not acknowledged is sent again on the next.
    void rewind() { next_ = 0; }

    void fail_all(const Failure& failure);
    std::optional<SteadyTime> next_deadline() const;
    void advance(SteadyTime now);

  private:
    struct Held {
        Message message;
        std::promise<Outcome> sender;
        SteadyTime deadline;
    };

    std::map<std::uint64_t, Held> held_;  ///< in the order they came, hence of their deadlines
    std::uint64_t last_ = 0;              ///< number given
    std::uint64_t next_ = 0;              ///< from here on they wait; before, unacknowledged
    std::size_t unacknowledged() const;
};

}  // namespace restante::device
