#include "restante/service/feedback_receiver.hpp"

#include <algorithm>

#include "feedback_receiver_impl.hpp"
#include "sdk/common/advice.hpp"

namespace restante {
namespace {

using service::FeedbackSession;

/// Longest wait of one receive: a steady time beyond it could not be told.
constexpr std::chrono::hours timeout_max{24 * 365};

/// A connection that drops sooner is mended with a pause, as one that could not be made.
constexpr Milliseconds standing_min = std::chrono::seconds{1};

}  // namespace

FeedbackReceiver::Impl::~Impl() {
    if (channel) service::close_line(*channel->line);
}

std::shared_ptr<FeedbackReceiver::Impl::Channel> FeedbackReceiver::Impl::open(SteadyTime deadline) {
    std::unique_lock lock(mutex);
    opened.wait_until(lock, std::min(deadline, retry_at), [this] { return channel != nullptr; });
    if (channel) return channel;
    if (failure && account->now().steady < retry_at) service::throw_error(*failure);
    channel = std::make_shared<Channel>();
    channel->inbox = std::make_shared<service::FeedbackInbox>();
    channel->line = service::open_line<FeedbackSession>(*account, channel->inbox);
    opened.notify_all();
    return channel;
}

void FeedbackReceiver::Impl::note_end(const std::shared_ptr<Channel>& old,
                                      const service::FeedbackLinkEnd& end) {
    old->line->connection.close();
    const std::lock_guard lock(mutex);
    if (channel != old) return;
    channel.reset();
    failure.reset();
    if (!common::is_transient(end.reason.code)) return;
    if (end.stood >= standing_min) {
        pause = pause_min;
        return;
    }
    failure = end.reason;
    retry_at = account->now().steady + pause;
    pause = std::min(2 * pause, pause_max);
}

void FeedbackReceiver::Impl::note_standing() {
    const std::lock_guard lock(mutex);
    failure.reset();
    pause = pause_min;
}

std::optional<FeedbackBatch> FeedbackReceiver::Impl::receive(SteadyTime deadline) {
    while (true) {
        const auto by = open(deadline);
        auto outcome = by->inbox->wait(deadline, [&line = *by->line] {
            line.connection.post([session = line.session] { session->want(); });
        });
        if (outcome.batch) {
            note_standing();
            if (!*outcome.batch) service::throw_error(outcome.batch->error());
            return std::move(**outcome.batch);
        }
        if (outcome.end) {
            note_end(by, *outcome.end);
            if (!common::is_transient(outcome.end->reason.code)) {
                service::throw_error(outcome.end->reason);
            }
            continue;
        }
        if (outcome.stood) {
            note_standing();
            return std::nullopt;
        }
        // Still connecting: a failure before this attempt is the last that is known.
        const std::lock_guard lock(mutex);
        if (failure) service::throw_error(*failure);
        return std::nullopt;
    }
}

void FeedbackReceiver::Impl::settle(const FeedbackBatch& batch,
                                    FeedbackSession::Decision decision) {
    const Error lost(ErrorCode::device_message_lock_lost,
                     "the connection that the batch came on has ended: receive it again");
    std::shared_ptr<Channel> by;
    {
        const std::lock_guard lock(mutex);
        by = channel;
    }
    if (!by) service::throw_error(lost);
    const auto answer =
        service::ask(*by->line, account->now().steady + account->timeout(),
                     [token = batch.lock_token, decision](FeedbackSession& session, auto answered) {
                         session.settle(token, decision, std::move(answered));
                     });
    if (!answer) service::throw_error(lost);
    if (*answer) return;
    if (answer->error().code == ErrorCode::timeout) by->line->connection.close();
    service::throw_error(answer->error());
}

FeedbackReceiver::FeedbackReceiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FeedbackReceiver::FeedbackReceiver(FeedbackReceiver&&) noexcept = default;
FeedbackReceiver& FeedbackReceiver::operator=(FeedbackReceiver&&) noexcept = default;
FeedbackReceiver::~FeedbackReceiver() = default;

std::optional<FeedbackBatch> FeedbackReceiver::receive(std::chrono::milliseconds timeout) {
    const auto bounded = std::clamp<Milliseconds>(timeout, Milliseconds{0}, timeout_max);
    return impl_->receive(impl_->account->now().steady + bounded);
}

void FeedbackReceiver::complete(const FeedbackBatch& batch) {
    impl_->settle(batch, FeedbackSession::Decision::complete);
}

void FeedbackReceiver::abandon(const FeedbackBatch& batch) {
    impl_->settle(batch, FeedbackSession::Decision::abandon);
}

}  // namespace restante
