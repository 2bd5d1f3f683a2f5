#include "feedback_inbox.hpp"

#include <utility>

namespace restante::service {

FeedbackInbox::Outcome FeedbackInbox::wait(SteadyTime deadline, const std::function<void()>& ask) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    lock.unlock();
    ask();
    lock.lock();
    changed_.wait_until(lock, deadline, [this] { return !items_.empty() || end_; });
    --waiting_;
    Outcome outcome;
    outcome.stood = open_;
    if (!items_.empty()) {
        outcome.batch = std::move(items_.front().batch);
        items_.pop_front();
    } else {
        outcome.end = end_;
    }
    return outcome;
}

void FeedbackInbox::open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
}

bool FeedbackInbox::wanted() const {
    const std::lock_guard lock(mutex_);
    return waiting_ > items_.size();
}

void FeedbackInbox::put(Result<FeedbackBatch> batch, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    items_.push_back({.batch = std::move(batch), .came = now});
    changed_.notify_all();
}

/// What is here cannot be settled any more, and comes again.
void FeedbackInbox::end(FeedbackLinkEnd end) {
    const std::lock_guard lock(mutex_);
    items_.clear();
    end_ = std::move(end);
    changed_.notify_all();
}

std::optional<SteadyTime> FeedbackInbox::oldest() const {
    const std::lock_guard lock(mutex_);
    return items_.empty() ? std::nullopt : std::optional(items_.front().came);
}

std::vector<std::string> FeedbackInbox::take_older(SteadyTime then) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> tokens;
    while (!items_.empty() && items_.front().came <= then) {
        if (items_.front().batch) tokens.push_back(items_.front().batch->lock_token);
        items_.pop_front();
    }
    return tokens;
}

}  // namespace restante::service
