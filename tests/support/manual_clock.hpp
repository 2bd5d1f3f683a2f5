#pragma once
// A clock that moves only when a test says so. Wall and steady time move together, or wall time
// alone, as when a machine's clock is set.

#include <mutex>

#include "base/clock.hpp"

namespace restante::test {

class ManualClock final : public Clock {
  public:
    explicit ManualClock(WallTime wall = WallTime{std::chrono::sys_days{
                             std::chrono::year{2026} / std::chrono::November / 23}})
        : now_{.wall = wall, .steady = SteadyTime{std::chrono::hours{1}}} {}

    Now now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    void advance(Milliseconds by) {
        const std::lock_guard lock(mutex_);
        now_.wall += by;
        now_.steady += by;
    }
    void set_wall(WallTime wall) {
        const std::lock_guard lock(mutex_);
        now_.wall = wall;
    }

  private:
    mutable std::mutex mutex_;
    Now now_;
};

}  // namespace restante::test
