#include "core/queue/device_queue.hpp"

#include <fmt/format.h>

namespace restante::core {

using model::LockToken;
using model::QueuedMessage;
using model::SequenceNumber;

namespace {

/// Numbers that are stored as taken before they are, so that few messages need a record for their
/// number alone. A start of the hub leaves out those that were not used.
constexpr std::uint64_t numbers_reserved = 100;

}  // namespace

void DeviceQueue::recover(QueuedMessage queued) {
    next_ = std::max(next_, SequenceNumber{queued.sequence.value + 1});
    queue_.push(std::move(queued));
}

Result<SequenceNumber> DeviceQueue::enqueue(
    std::shared_ptr<const model::CloudToDeviceMessage> message, const QueueContext& context) {
    advance(context);
    const auto& rules = context.rules;
    if (queue_.size() >= rules.depth_max) {
        // The two blanks are the service's own.
        return fail(ErrorCode::device_maximum_queue_depth_exceeded,
                    fmt::format("C2D messages enqueued for the device exceeded the queue limit of "
                                "{},  see more at http://aka.ms/iothub403004",
                                rules.depth_max));
    }
    QueuedMessage queued{
        .sequence = next_,
        .enqueued_at = context.now.wall,
        .expires_at = message->expiry_time.value_or(context.now.wall + rules.ttl_default),
        .ack = message->ack.value_or(model::AckRequest::none),
        .message_id = {}};
    if (queued.ack != model::AckRequest::none) queued.message_id = message->message_id.value_or("");
    context.changes.push_back(
        PutMessage{.device = device_, .queued = queued, .message = std::move(message)});
    queue_.push(std::move(queued));
    return std::exchange(next_, SequenceNumber{next_.value + 1});
}

std::vector<model::LockedMessage> DeviceQueue::receive(const ReceiveOrder& order,
                                                       std::uint64_t& serial,
                                                       const QueueContext& context) {
    advance(context);
    return queue_.receive(order, serial, context.now);
}

Result<void> DeviceQueue::complete(LockToken token, LateSettlement late,
                                   const QueueContext& context) {
    auto ended = queue_.complete(token, late, context.now);
    if (!ended) return std::unexpected(ended.error());
    forget(std::move(*ended), context);
    return {};
}

Result<void> DeviceQueue::abandon(LockToken token, const QueueContext& context) {
    auto abandoned = queue_.abandon(token, context.rules.delivery_count_max, context.now);
    if (!abandoned) return std::unexpected(abandoned.error());
    if (abandoned->ended) {
        forget({.queued = std::move(abandoned->queued), .status = *abandoned->ended}, context);
    } else {
        context.changes.push_back(
            UpdateMessage{.device = device_, .queued = std::move(abandoned->queued)});
    }
    return {};
}

Result<void> DeviceQueue::reject(LockToken token, const QueueContext& context) {
    auto ended = queue_.reject(token, context.now);
    if (!ended) return std::unexpected(ended.error());
    forget(std::move(*ended), context);
    return {};
}

bool DeviceQueue::release(ReceiverId receiver, const QueueContext& context) {
    const bool released = queue_.release(receiver);
    advance(context);
    return released && has_deliverable();
}

bool DeviceQueue::advance(const QueueContext& context) {
    EndedMessages ended;
    const bool returned = queue_.advance(context.now, ended);
    forget_all(std::move(ended), context);
    return returned;
}

std::size_t DeviceQueue::purge(const QueueContext& context) {
    auto purged = queue_.purge();
    const std::size_t count = purged.size();
    forget_all(std::move(purged), context);
    return count;
}

void DeviceQueue::forget(EndedMessage message, const QueueContext& context) {
    EndedMessages one;
    one.push_back(std::move(message));
    forget_all(std::move(one), context);
}

void DeviceQueue::forget_all(EndedMessages messages, const QueueContext& context) {
    bool unreserved = false;
    for (auto& message : messages) {
        const SequenceNumber sequence = message.queued.sequence;
        unreserved = unreserved || sequence >= stored_next_;
        context.changes.push_back(DeleteMessage{.device = device_, .sequence = sequence});
        context.ended.push_back(std::move(message));
    }
    if (!unreserved) return;
    stored_next_ = {next_.value + numbers_reserved};
    context.changes.push_back(PutNextSequence{.device = device_, .next = stored_next_});
}

}  // namespace restante::core
