#pragma once
// One piece of work after another, on whichever thread brings it: who finds nobody at work does his
// own piece at once and then what others bring meanwhile; who finds somebody leaves his piece to
// that one. A thread of the hub's own for each piece would cost two switches of threads, more than
// most pieces take (docs/decisions/0010-no-thread-for-the-state.md).
//
// Owned by Hub; everything but the construction may be called from any thread. Pieces must not
// throw and must not wait.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace restante::hub {

class SerialQueue {
  public:
    using Work = std::move_only_function<void()>;

    /// What a thread does for others before it may go back to its own affairs.
    static constexpr std::size_t turn_max = 64;

    /// `relieve` makes some other thread call go_on() soon; it must not call itself. Nothing is run
    /// before the first go_on().
    explicit SerialQueue(std::function<void()> relieve) : relieve_(std::move(relieve)) {}

    void run(Work work);
    /// Within a piece: the rest of it, if any, which comes next, and what waits are for the thread
    /// that relieves, not for this one.
    void hand_over(Work rest);

    /// Does what waits, as whoever relieves; the first one lets run() begin.
    void go_on();
    /// Instead of go_on(): does all that waits, on the caller's thread, and says how much.
    std::size_t run_pending();

    /// Within a piece: it is the last. What waits is dropped, and so is all that comes.
    void close();
    /// Until the last piece is done.
    void wait_until_closed();

  private:
    bool take(Work& work, bool leaving);

    const std::function<void()> relieve_;
    std::mutex mutex_;
    std::condition_variable rests_;
    std::deque<Work> waiting_;
    bool busy_ = true;  ///< somebody is at work, or nobody shall be yet
    bool closed_ = false;
    bool handed_over_ = false;  ///< touched by whoever is at work
};

}  // namespace restante::hub
