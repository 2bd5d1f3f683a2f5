#include "core/queue/device_queue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"
#include "model/limits.hpp"

namespace restante::core {

using model::LockedMessage;
using model::LockToken;
using model::QueuedMessage;
using model::SequenceNumber;

QueueRules QueueRules::defaults() {
    return {.depth_max = model::limits::queue_depth_max,
            .lock_duration = model::limits::lock_duration,
            .ttl_default = model::limits::ttl_default,
            .delivery_count_max = model::limits::delivery_count_max};
}

void DeviceQueue::recover(const QueuedMessage& queued) {
    RESTANTE_ASSERT(entries_.empty() || entries_.back().queued.sequence < queued.sequence);
    Entry entry;
    entry.queued = queued;
    entries_.push_back(std::move(entry));
    next_ = {queued.sequence.value + 1};
}

Result<SequenceNumber> DeviceQueue::enqueue(
    std::shared_ptr<const model::CloudToDeviceMessage> message, const QueueRules& rules, Now now,
    ChangeSet& changes) {
    advance(now, changes);
    if (entries_.size() >= rules.depth_max) {
        return fail(ErrorCode::device_maximum_queue_depth_exceeded,
                    fmt::format("C2D messages enqueued for the device exceeded the queue limit of "
                                "{},  see more at http://aka.ms/iothub403004",
                                rules.depth_max));
    }
    Entry entry;
    entry.queued = {.sequence = next_,
                    .enqueued_at = now.wall,
                    .expires_at = message->expiry_time.value_or(now.wall + rules.ttl_default),
                    .delivery_count = 0};
    changes.push_back(
        PutMessage{.device = device_, .queued = entry.queued, .message = std::move(message)});
    entries_.push_back(std::move(entry));
    next_.value += 1;
    return entries_.back().queued.sequence;
}

std::vector<LockedMessage> DeviceQueue::receive(std::size_t max, ReceiverId receiver,
                                                std::uint64_t& serial, const QueueRules& rules,
                                                Now now, ChangeSet& changes) {
    advance(now, changes);
    std::vector<LockedMessage> locked;
    for (auto& entry : entries_) {
        if (locked.size() == max) break;
        if (entry.lock) continue;
        const bool redelivered = entry.lock_serial != 0 || entry.queued.delivery_count > 0;
        entry.lock_serial = ++serial;
        entry.lock = Lock{.receiver = receiver, .until = now.steady + rules.lock_duration};
        locked.push_back({.token = {.sequence = entry.queued.sequence, .serial = serial},
                          .queued = entry.queued,
                          .redelivered = redelivered,
                          .message = nullptr});
    }
    return locked;
}

Result<void> DeviceQueue::complete(LockToken token, LateSettlement late, Now now,
                                   ChangeSet& changes) {
    const auto entry = find(token, late, now);
    if (!entry) return std::unexpected(entry.error());
    end_message(*entry, changes);
    return {};
}

Result<void> DeviceQueue::abandon(LockToken token, const QueueRules& rules, Now now,
                                  ChangeSet& changes) {
    const auto found = find(token, LateSettlement::refuse, now);
    if (!found) return std::unexpected(found.error());
    const auto entry = *found;
    entry->lock.reset();
    entry->queued.delivery_count += 1;
    const bool expired = entry->queued.expires_at <= now.wall;
    if (expired || entry->queued.delivery_count >= rules.delivery_count_max) {
        end_message(entry, changes);
    } else {
        changes.push_back(UpdateMessage{.device = device_, .queued = entry->queued});
    }
    return {};
}

Result<void> DeviceQueue::reject(LockToken token, Now now, ChangeSet& changes) {
    const auto entry = find(token, LateSettlement::refuse, now);
    if (!entry) return std::unexpected(entry.error());
    end_message(*entry, changes);
    return {};
}

bool DeviceQueue::release(ReceiverId receiver, Now now, ChangeSet& changes) {
    bool released = false;
    for (auto& entry : entries_) {
        if (!entry.lock || entry.lock->receiver != receiver) continue;
        entry.lock.reset();
        released = true;
    }
    advance(now, changes);
    return released && has_deliverable();
}

bool DeviceQueue::advance(Now now, ChangeSet& changes) {
    bool returned = false;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const bool lock_ended = entry->lock && entry->lock->until <= now.steady;
        if (lock_ended) entry->lock.reset();
        if (!entry->lock && entry->queued.expires_at <= now.wall) {
            entry = end_message(entry, changes);
            continue;
        }
        returned = returned || lock_ended;
        ++entry;
    }
    return returned;
}

std::size_t DeviceQueue::purge(ChangeSet& changes) {
    const std::size_t purged = entries_.size();
    while (!entries_.empty()) end_message(entries_.begin(), changes);
    return purged;
}

bool DeviceQueue::has_deliverable() const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return !entry.lock; });
}

std::optional<WallTime> DeviceQueue::next_expiry() const {
    std::optional<WallTime> next;
    for (const auto& entry : entries_) {
        if (entry.lock) continue;
        if (!next || entry.queued.expires_at < *next) next = entry.queued.expires_at;
    }
    return next;
}

std::optional<SteadyTime> DeviceQueue::next_lock_end() const {
    std::optional<SteadyTime> next;
    for (const auto& entry : entries_) {
        if (entry.lock && (!next || entry.lock->until < *next)) next = entry.lock->until;
    }
    return next;
}

Result<DeviceQueue::Entries::iterator> DeviceQueue::find(LockToken token, LateSettlement late,
                                                         Now now) {
    const auto entry = std::lower_bound(
        entries_.begin(), entries_.end(), token.sequence,
        [](const Entry& e, SequenceNumber sequence) { return e.queued.sequence < sequence; });
    const bool latest = entry != entries_.end() && entry->queued.sequence == token.sequence &&
                        entry->lock_serial == token.serial && token.serial != 0;
    if (latest) {
        const bool held = entry->lock && entry->lock->until > now.steady;
        const bool late_but_free =
            late == LateSettlement::accept && entry->queued.expires_at > now.wall;
        if (held || late_but_free) return entry;
    }
    return fail(ErrorCode::device_message_lock_lost,
                "the lock on this message has ended: it was settled before, its time ran out, or "
                "another receiver holds it now");
}

DeviceQueue::Entries::iterator DeviceQueue::end_message(Entries::iterator entry,
                                                        ChangeSet& changes) {
    changes.push_back(DeleteMessage{.device = device_, .sequence = entry->queued.sequence});
    const auto next = entries_.erase(entry);
    if (entries_.empty()) {
        changes.push_back(PutNextSequence{.device = device_, .next = next_});
        entries_.shrink_to_fit();
        return entries_.end();
    }
    return next;
}

}  // namespace restante::core
