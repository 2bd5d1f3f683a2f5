#include "connection_machine.hpp"

#include <algorithm>
#include <utility>

namespace restante::device {
namespace {

// Beyond this many doublings every pause is longer than any interval.
constexpr unsigned doublings_max = 16;

}  // namespace

std::optional<SteadyTime> ConnectionMachine::next_deadline() const {
    switch (state_) {
        case State::disconnected:
            return retry_at_;
        case State::connected:
            return ready_ ? renew_at_ : deadline_;
        default:
            return deadline_;
    }
}

Step ConnectionMachine::connect(SteadyTime now) {
    Step step;
    if (state_ == State::disconnected) {
        open(step, now);
    } else if (state_ == State::disconnecting) {
        reopen_ = true;
    } else if (ready_) {
        step.ready.emplace();
    }
    return step;
}

Step ConnectionMachine::disconnect(SteadyTime now) {
    Step step;
    wanted_ = false;
    reopen_ = false;
    retry_at_.reset();
    retries_ = 0;
    step.ready = Step::Answer{Failure{FailureKind::cancelled, ""}};
    switch (state_) {
        case State::disconnected:
            step.disconnected = true;
            break;
        case State::connecting:
            state_ = State::disconnected;
            step.abort = true;
            step.disconnected = true;
            break;
        case State::connected:
            state_ = State::disconnecting;
            ready_ = false;
            deadline_ = now + disconnect_timeout;
            step.close = true;
            step.connected = false;
            break;
        case State::disconnecting:
            break;
    }
    return step;
}

Step ConnectionMachine::renew(SteadyTime now) {
    Step step;
    if (state_ == State::connected) {
        reopen(step, now);
    } else if (state_ == State::disconnecting) {
        reopen_ = true;
    } else {
        step.abort = state_ == State::connecting;
        open(step, now);
    }
    return step;
}

Step ConnectionMachine::accepted(std::optional<SteadyTime> renew_at) {
    Step step;
    if (state_ != State::connecting) return step;
    state_ = State::connected;
    renew_at_ = renew_at;
    step.connected = true;
    return step;
}

void ConnectionMachine::requested(SteadyTime now) {
    if (state_ != State::connected || !ready_) return;
    ready_ = false;
    deadline_ = now + connect_timeout;
}

Step ConnectionMachine::ready(SteadyTime now) {
    Step step;
    if (state_ != State::connected || ready_) return step;
    ready_ = true;
    wanted_ = true;
    if (!ready_since_) ready_since_ = now;
    step.ready.emplace();
    return step;
}

Step ConnectionMachine::ended(Failure failure, SteadyTime now) {
    Step step;
    if (state_ == State::disconnecting) {
        end_farewell(step, now);
    } else if (state_ != State::disconnected) {
        end(step, std::move(failure), now);
    }
    return step;
}

Step ConnectionMachine::advance(SteadyTime now) {
    Step step;
    const auto due = next_deadline();
    if (!due || now < *due) return step;
    if (state_ == State::disconnected) {
        open(step, now);
    } else if (state_ == State::disconnecting) {
        step.abort = true;
        end_farewell(step, now);
    } else if (ready_) {
        reopen(step, now);  // the token is about to expire
    } else {
        step.abort = true;
        end(step, Failure{FailureKind::timeout, "the hub did not answer within 60 s"}, now);
    }
    return step;
}

void ConnectionMachine::open(Step& step, SteadyTime now) {
    state_ = State::connecting;
    ready_ = false;
    retry_at_.reset();
    renew_at_.reset();
    ready_since_.reset();
    deadline_ = now + connect_timeout;
    step.open = true;
}

void ConnectionMachine::end(Step& step, Failure failure, SteadyTime now) {
    if (state_ == State::connected) step.connected = false;
    // Two clients that take one device's place from each other would never pause if each short
    // connection counted as a success.
    if (ready_since_ && now - *ready_since_ >= options_.retry_interval) retries_ = 0;
    state_ = State::disconnected;
    ready_ = false;
    if (wanted_) step.report = failure;
    wanted_ = wanted_ && options_.retry && retryable(failure.kind);
    if (wanted_) {
        retry_at_ = now + next_pause();
    } else {
        retries_ = 0;
    }
    step.ready = Step::Answer{std::move(failure)};
}

void ConnectionMachine::end_farewell(Step& step, SteadyTime now) {
    state_ = State::disconnected;
    if (std::exchange(reopen_, false)) {
        open(step, now);
    }
    step.disconnected = true;
}

/// A good-bye, then the next connection with a new token.
void ConnectionMachine::reopen(Step& step, SteadyTime now) {
    state_ = State::disconnecting;
    ready_ = false;
    retries_ = 0;
    reopen_ = true;
    deadline_ = now + disconnect_timeout;
    step.close = true;
    step.connected = false;
}

Milliseconds ConnectionMachine::next_pause() {
    const unsigned retry = retries_++;
    using Pick = std::uniform_int_distribution<Milliseconds::rep>;
    if (retry == 0) return Milliseconds(Pick(0, first_retry_max.count())(random_));
    const auto doubled = second_retry * (1u << std::min(retry - 1, doublings_max));
    const auto longest = std::min(doubled, options_.retry_interval);
    return Milliseconds(Pick(longest.count() / 2, longest.count())(random_));
}

}  // namespace restante::device
