#include "core/feedback/feedback_queue.hpp"

#include <algorithm>

namespace restante::core {

using model::LockToken;
using model::QueuedMessage;
namespace limits = model::limits;

void FeedbackQueue::recover(FeedbackIndex index, model::FeedbackRecord record) {
    next_index_ = {index.value + 1};
    pending_.push_back({.index = index, .record = std::move(record)});
}

void FeedbackQueue::recover(QueuedMessage batch) {
    next_batch_ = {batch.sequence.value + 1};
    batches_.push(std::move(batch));
    available_ = true;
}

void FeedbackQueue::append(model::FeedbackRecord record, Now now, ChangeSet& changes) {
    const FeedbackIndex index = next_index_;
    next_index_.value += 1;
    changes.push_back(PutFeedbackRecord{.index = index, .record = record});
    pending_.push_back({.index = index, .record = std::move(record)});
    if (batch_is_due(now.steady)) make_batch(now, changes);
}

void FeedbackQueue::forget(const model::DeviceId& device, ChangeSet& changes) {
    std::erase_if(pending_, [&](const Pending& pending) {
        if (pending.record.device != device) return false;
        changes.push_back(DeleteFeedbackRecord{.index = pending.index});
        return true;
    });
}

bool FeedbackQueue::batch_is_due(SteadyTime now) const {
    if (pending_.size() >= limits::feedback_batch_records_max) return true;
    return !pending_.empty() &&
           (!last_batch_at_ || now - *last_batch_at_ >= limits::feedback_batch_interval);
}

void FeedbackQueue::make_batch(Now now, ChangeSet& changes) {
    if (batches_.size() >= limits::feedback_batches_max) {
        changes.push_back(DeleteFeedbackBatch{.sequence = batches_.drop_oldest().queued.sequence});
        ++dropped_;
    }
    auto records = std::make_shared<model::FeedbackBatch>();
    const std::size_t count = std::min(pending_.size(), limits::feedback_batch_records_max);
    for (std::size_t i = 0; i < count; ++i) {
        changes.push_back(DeleteFeedbackRecord{.index = pending_.front().index});
        records->push_back(std::move(pending_.front().record));
        pending_.pop_front();
    }
    QueuedMessage batch{.sequence = next_batch_,
                        .enqueued_at = now.wall,
                        .expires_at = now.wall + rules_.ttl,
                        .message_id = {}};
    next_batch_.value += 1;
    changes.push_back(PutFeedbackBatch{.queued = batch, .records = std::move(records)});
    batches_.push(std::move(batch));
    last_batch_at_ = now.steady;
    available_ = true;
}

std::vector<model::LockedMessage> FeedbackQueue::receive(std::size_t max, ReceiverId receiver,
                                                         std::uint64_t& serial, Now now,
                                                         ChangeSet& changes) {
    advance(now, changes);
    return batches_.receive(
        {.max = max, .receiver = receiver, .lock_duration = rules_.lock_duration}, serial, now);
}

Result<void> FeedbackQueue::complete(LockToken token, Now now, ChangeSet& changes) {
    return end(batches_.complete(token, LateSettlement::refuse, now), changes);
}

Result<void> FeedbackQueue::reject(LockToken token, Now now, ChangeSet& changes) {
    return end(batches_.reject(token, now), changes);
}

Result<void> FeedbackQueue::abandon(LockToken token, Now now, ChangeSet& changes) {
    auto abandoned = batches_.abandon(token, rules_.delivery_count_max, now);
    if (!abandoned) return std::unexpected(abandoned.error());
    if (abandoned->ended) {
        changes.push_back(DeleteFeedbackBatch{.sequence = abandoned->queued.sequence});
    } else {
        changes.push_back(UpdateFeedbackBatch{.queued = std::move(abandoned->queued)});
        available_ = true;
    }
    return {};
}

Result<void> FeedbackQueue::end(const Result<EndedMessage>& ended, ChangeSet& changes) {
    if (!ended) return std::unexpected(ended.error());
    changes.push_back(DeleteFeedbackBatch{.sequence = ended->queued.sequence});
    return {};
}

void FeedbackQueue::release(ReceiverId receiver) {
    if (batches_.release(receiver)) available_ = true;
}

void FeedbackQueue::advance(Now now, ChangeSet& changes) {
    EndedMessages expired;
    if (batches_.advance(now, expired)) available_ = true;
    for (const auto& batch : expired) {
        changes.push_back(DeleteFeedbackBatch{.sequence = batch.queued.sequence});
    }
    while (batch_is_due(now.steady)) make_batch(now, changes);
}

std::optional<SteadyTime> FeedbackQueue::next_due() const {
    auto due = batches_.next_lock_end();
    if (pending_.empty()) return due;
    const SteadyTime batch =
        last_batch_at_ ? *last_batch_at_ + limits::feedback_batch_interval : SteadyTime{};
    return due ? std::min(*due, batch) : batch;
}

}  // namespace restante::core
