#include "feedback_session.hpp"

#include <algorithm>
#include <utility>

#include "feedback_message.hpp"
#include "protocol/amqp/attach.hpp"

namespace restante::service {

FeedbackSession::FeedbackSession(const ServiceAccount& account,
                                 std::shared_ptr<FeedbackInbox> inbox, Ended ended)
    : LinkSession(
          account,
          [] {
              auto attach =
                  amqp::receiver_attach("feedback-receiver", "/messages/serviceBound/feedback");
              attach.receiver_settle_mode = amqp::ReceiverSettleMode::second;
              return attach;
          }(),
          std::move(ended)),
      inbox_(std::move(inbox)) {}

void FeedbackSession::on_ready() {
    inbox_->open();
    want();
}

void FeedbackSession::want() {
    if (engine() == nullptr || credit_out_ || !inbox_->wanted()) return;
    credit_out_ = true;
    // One more than is out already, once: an empty window grants nothing when those are settled.
    const auto out = static_cast<std::uint32_t>(unsettled_.size() + deciding_.size());
    engine()->set_credit_window(link(), out + 1);
    engine()->set_credit_window(link(), 0);
}

void FeedbackSession::on_delivered(amqp::Delivered&& event) {
    if (engine() == nullptr) return;
    credit_out_ = false;
    auto batch = read_feedback(event);
    if (!batch) {
        // It would only come again: its receiver hears of it, and that is its end.
        engine()->settle(event.link, event.id, amqp::Rejected{});
        deciding_.emplace(event.id, [](const Result<void>&) {});
    } else {
        if (unsettled_.size() >= feedback_unsettled_max) release(unsettled_.front().lock_token);
        unsettled_.push_back({.lock_token = batch->lock_token, .id = event.id});
    }
    inbox_->put(std::move(batch), now().steady);
    want();
}

void FeedbackSession::settle(const std::string& lock_token, Decision decision, Answer answer) {
    if (failure()) return answer(std::unexpected(*failure()));
    const auto entry = std::ranges::find(unsettled_, lock_token, &Unsettled::lock_token);
    if (entry == unsettled_.end() || engine() == nullptr) {
        return answer(fail(ErrorCode::device_message_lock_lost,
                           "this receiver holds no lock on the batch: receive it again"));
    }
    const amqp::DeliveryId id = entry->id;
    unsettled_.erase(entry);
    const auto state = decision == Decision::complete ? amqp::DeliveryState(amqp::Accepted{})
                                                      : amqp::DeliveryState(amqp::Released{});
    if (!engine()->settle(link(), id, state)) {
        return answer(fail(ErrorCode::device_message_lock_lost,
                           "the hub took the batch back: receive it again"));
    }
    deciding_.emplace(id, std::move(answer));
}

void FeedbackSession::release(const std::string& lock_token) {
    settle(lock_token, Decision::abandon, [](const Result<void>&) {});
}

void FeedbackSession::on_disposition(amqp::DispositionReceived&& event) {
    const auto entry = deciding_.find(event.id);
    if (entry == deciding_.end()) return;
    Answer answer = std::move(entry->second);
    deciding_.erase(entry);
    const auto* rejected = event.state ? std::get_if<amqp::Rejected>(&*event.state) : nullptr;
    if (rejected == nullptr) return answer({});
    answer(std::unexpected(from_condition(rejected->error, "the hub did not settle the batch")));
}

std::optional<SteadyTime> FeedbackSession::next_deadline() const {
    const auto deadline = LinkSession::next_deadline();
    const auto oldest = inbox_->oldest();
    if (!oldest || failure()) return deadline;
    const SteadyTime own = *oldest + feedback_held_max;
    return deadline ? std::min(*deadline, own) : own;
}

void FeedbackSession::advance(Now now) {
    LinkSession::advance(now);
    if (failure()) return;
    for (const auto& token : inbox_->take_older(now.steady - feedback_held_max)) release(token);
}

void FeedbackSession::on_ended(const Error& reason) {
    const auto since = standing_since();
    inbox_->end(
        {.reason = reason,
         .stood = since ? std::max(now().steady - *since, Milliseconds{1}) : Milliseconds{0}});
    auto deciding = std::exchange(deciding_, {});
    for (auto& [id, answer] : deciding) answer(std::unexpected(reason));
}

}  // namespace restante::service
