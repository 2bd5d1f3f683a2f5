#pragma once
// When a device client connects, gives up, tries again and renews its token: decisions only, time
// is handed in. Its owner, Core, does what each Step says and reports back what came of it.
//
//                  connect, retry due                 accepted
//     disconnected ──────────────────▶ connecting ───────────────▶ connected ─┐ ready
//        ▲  ▲  ▲                           │                        │  │  ▲───┘
//        │  │  └── ended, timeout ─────────┴────────────────────────┘  │ disconnect,
//        │  └───── disconnect (nothing to say good-bye to)             ▼ renewal due
//        └──────── ended, timeout ──────────────────────────────── disconnecting
//
// A connection is `ready` when the hub has accepted the device and every subscription stands. From
// then on it is wanted: whatever ends it, but a disconnect() or a refusal for good, is followed by
// another attempt. Before that a failure is the caller's.

#include <cstdint>
#include <optional>
#include <random>

#include "base/clock.hpp"
#include "failure.hpp"

namespace restante::device {

/// How long the hub may take from the first step to a ready connection, and to answer a request on
/// one. Python's connect watchdog.
inline constexpr Milliseconds connect_timeout = std::chrono::seconds(60);

/// How long a good-bye may take.
inline constexpr Milliseconds disconnect_timeout = std::chrono::seconds(2);

/// The first attempt after a drop comes within this time, at random: a hub that restarts is not met
/// by all its devices in one instant.
inline constexpr Milliseconds first_retry_max{250};

/// The pause before the second attempt; each further one doubles it, up to the interval.
inline constexpr Milliseconds second_retry = std::chrono::seconds(1);

struct MachineOptions {
    bool retry = true;
    Milliseconds retry_interval = std::chrono::seconds(10);
};

/// What to do now, in this order.
struct Step {
    bool abort = false;             ///< cut the connection; nothing of it is reported any more
    bool close = false;             ///< say good-bye on the connection, then report ended()
    std::optional<bool> connected;  ///< the state has changed to this
    std::optional<Failure> report;  ///< for on_background_exception
    struct Answer {
        std::optional<Failure> failure;
    };
    std::optional<Answer> ready;  ///< answers everyone who waits for a ready connection
    bool disconnected = false;    ///< answers everyone who waits for the end of it
    bool open = false;            ///< begin a new connection
};

class ConnectionMachine {
  public:
    enum class State : std::uint8_t { disconnected, connecting, connected, disconnecting };

    ConnectionMachine(const MachineOptions& options, std::uint32_t seed)
        : options_(options), random_(seed) {}

    State state() const { return state_; }
    /// Whether a loss of the connection is followed by another attempt.
    bool wanted() const { return wanted_; }
    bool retrying() const { return retry_at_.has_value(); }
    std::optional<SteadyTime> next_deadline() const;

    // What the application asks.
    Step connect(SteadyTime now);
    Step disconnect(SteadyTime now);
    /// Connects with another token: anew when a connection stands or is being made.
    Step renew(SteadyTime now);

    // What the connection reports.

    /// The hub has accepted the device. `renew_at`: when its token wants renewal.
    Step accepted(std::optional<SteadyTime> renew_at);
    /// A request whose answer readiness depends on has been sent.
    void requested(SteadyTime now);
    /// Nothing is unanswered any more.
    Step ready(SteadyTime now);
    /// The connection, or the attempt at one, is over.
    Step ended(Failure failure, SteadyTime now);

    Step advance(SteadyTime now);

  private:
    void open(Step& step, SteadyTime now);
    void end(Step& step, Failure failure, SteadyTime now);
    void end_farewell(Step& step, SteadyTime now);
    void reopen(Step& step, SteadyTime now);
    Milliseconds next_pause();

    MachineOptions options_;
    State state_ = State::disconnected;
    bool ready_ = false;
    bool wanted_ = false;
    bool reopen_ = false;                 ///< connect again as soon as the good-bye is over
    std::optional<SteadyTime> deadline_;  ///< of connecting, of a request, or of the good-bye
    std::optional<SteadyTime> renew_at_;
    std::optional<SteadyTime> retry_at_;
    std::optional<SteadyTime> ready_since_;
    unsigned retries_ = 0;  ///< since a connection last held
    std::minstd_rand random_;
};

}  // namespace restante::device
