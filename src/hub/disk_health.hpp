#pragma once
// Whether the disk takes writes, and what those hear who ask for more than it can do.
// Owned and used by Hub on its loop.

#include <optional>

#include "base/clock.hpp"
#include "base/logger.hpp"
#include "base/result.hpp"

namespace restante::hub {

class DiskHealth {
  public:
    explicit DiskHealth(Logger log) : log_(log) {}

    /// For what has to be stored. Errors: service_unavailable, with the cause.
    Result<void> check() const;
    /// For what makes the store grow. Errors: as check(), and when the disk is not `roomy`.
    Result<void> check_room(bool roomy);

    bool sick() const { return sick_.has_value(); }
    /// A write failed, or the disk is no better; the next attempt is due in a while.
    void failed(const Error& reason, SteadyTime now);
    /// A write succeeded. True when the disk was sick before.
    bool written();

    std::optional<SteadyTime> next_attempt() const { return next_attempt_; }
    /// True, once, when an attempt is due.
    bool take_attempt(SteadyTime now);

  private:
    Logger log_;
    std::optional<Error> sick_;
    std::optional<SteadyTime> next_attempt_;
    bool nearly_full_ = false;
};

}  // namespace restante::hub
