#pragma once
// Which of many things is due next, on one clock. Each thing has at most one time; setting it
// again moves it. One ordered set of (time, thing), so the cost is a logarithm of the waiting ones
// and nothing for those without a time.

#include <optional>
#include <set>
#include <utility>

namespace restante::core {

template <class Time, class Thing>
class DeadlineIndex {
  public:
    /// Moves `thing` from the time it had (as the caller remembers it) to `next`.
    void move(const Thing& thing, std::optional<Time>& held, std::optional<Time> next) {
        if (held == next) return;
        if (held) times_.erase({*held, thing});
        if (next) times_.insert({*next, thing});
        held = next;
    }

    std::optional<Time> earliest() const {
        if (times_.empty()) return std::nullopt;
        return times_.begin()->first;
    }

    /// A thing whose time has come; it stays listed until it is moved.
    std::optional<Thing> due(Time now) const {
        if (times_.empty() || times_.begin()->first > now) return std::nullopt;
        return times_.begin()->second;
    }

  private:
    std::set<std::pair<Time, Thing>> times_;
};

}  // namespace restante::core
