#pragma once
// Time, as something that is handed in.
//
// Two clocks, because they answer different questions. Wall time says when a message expires and
// whether a token still holds: it means the same on another machine, and it can jump. Steady time
// says how long a lock or a silent connection has lasted: it never jumps.

#include <chrono>

namespace restante {

using Milliseconds = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Milliseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Milliseconds>;

/// One moment on both clocks. Decisions take it as a parameter.
struct Now {
    WallTime wall;
    SteadyTime steady;
};

/// The source of Now. Safe to call from any thread.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Now now() const = 0;
};

/// The machine's own clocks.
class SystemClock final : public Clock {
  public:
    Now now() const override;
};

}  // namespace restante
