#include "hub/serial_queue.hpp"

#include <utility>

namespace restante::hub {

void SerialQueue::run(Work work) {
    {
        const std::lock_guard guard(mutex_);
        if (closed_) return;
        waiting_.push_back(std::move(work));
        if (std::exchange(busy_, true)) return;
    }
    go_on();
}

void SerialQueue::go_on() {
    std::size_t done = 0;
    for (Work work; take(work, done == turn_max || std::exchange(handed_over_, false)); ++done) {
        work();
        work = nullptr;
    }
}

void SerialQueue::hand_over(Work rest) {
    handed_over_ = true;
    if (!rest) return;
    const std::lock_guard guard(mutex_);
    waiting_.push_front(std::move(rest));
}

std::size_t SerialQueue::run_pending() {
    for (std::size_t done = 0;; ++done) {
        Work work;
        {
            const std::lock_guard guard(mutex_);
            if (waiting_.empty()) return done;
            work = std::move(waiting_.front());
            waiting_.pop_front();
        }
        work();
    }
}

/// The next piece; false, and the caller is no longer at work, when there is none, or one for
/// somebody else.
bool SerialQueue::take(Work& work, bool leaving) {
    std::deque<Work> dropped;  // not under the lock: what a piece holds may end with it
    const std::lock_guard guard(mutex_);
    if (closed_) dropped.swap(waiting_);
    if (waiting_.empty()) {
        busy_ = false;
        rests_.notify_all();
        return false;
    }
    if (leaving) {
        relieve_();
        return false;
    }
    work = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
}

void SerialQueue::close() {
    const std::lock_guard guard(mutex_);
    closed_ = true;
}

void SerialQueue::wait_until_closed() {
    std::unique_lock guard(mutex_);
    rests_.wait(guard, [this] { return closed_ && !busy_; });
}

}  // namespace restante::hub
