#include "sending.hpp"

#include <iterator>
#include <utility>

namespace restante::device {

void Sending::add(Message message, std::promise<Outcome> sender, SteadyTime now) {
    held_.emplace(++last_, Held{.message = std::move(message),
                                .sender = std::move(sender),
                                .deadline = now + send_timeout});
}

std::size_t Sending::unacknowledged() const {
    return static_cast<std::size_t>(std::distance(held_.begin(), held_.lower_bound(next_)));
}

std::optional<Sending::Entry> Sending::next() {
    const auto waiting = held_.lower_bound(next_);
    if (waiting == held_.end() || unacknowledged() >= unacknowledged_max) return std::nullopt;
    next_ = waiting->first + 1;
    return Entry{.number = waiting->first, .message = waiting->second.message};
}

void Sending::answer(std::uint64_t number, const Outcome& outcome) {
    const auto held = held_.find(number);
    if (held == held_.end()) return;
    auto sender = std::move(held->second.sender);
    held_.erase(held);
    sender.set_value(outcome);
}

void Sending::fail_all(const Failure& failure) {
    for (auto& [number, held] : std::exchange(held_, {})) held.sender.set_value(failure);
}

std::optional<SteadyTime> Sending::next_deadline() const {
    if (held_.empty()) return std::nullopt;
    return held_.begin()->second.deadline;
}

void Sending::advance(SteadyTime now) {
    while (!held_.empty() && held_.begin()->second.deadline <= now) {
        answer(held_.begin()->first,
               Failure{FailureKind::timeout,
                       "the hub did not acknowledge the message within 240 s; "
                       "it may or may not have it"});
    }
}

}  // namespace restante::device
