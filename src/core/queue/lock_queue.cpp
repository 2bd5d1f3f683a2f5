#include "core/queue/lock_queue.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace restante::core {

using model::FeedbackStatus;
using model::LockedMessage;
using model::LockToken;
using model::QueuedMessage;
using model::SequenceNumber;

void LockQueue::push(QueuedMessage queued) {
    RESTANTE_ASSERT(entries_.empty() || entries_.back().queued.sequence < queued.sequence);
    expiry_bound_ = std::min(expiry_bound_, queued.expires_at);
    entries_.push_back({.queued = std::move(queued), .lock_serial = 0, .lock = std::nullopt});
}

std::vector<LockedMessage> LockQueue::receive(const ReceiveOrder& order, std::uint64_t& serial,
                                              Now now) {
    std::vector<LockedMessage> locked;
    for (auto& entry : entries_) {
        if (locked.size() == order.max) break;
        if (entry.lock) continue;
        const bool redelivered = entry.lock_serial != 0 || entry.queued.delivery_count > 0;
        entry.lock_serial = ++serial;
        entry.lock = Lock{.receiver = order.receiver, .until = now.steady + order.lock_duration};
        lock_bound_ = std::min(lock_bound_, entry.lock->until);
        locked.push_back({.token = {.sequence = entry.queued.sequence, .serial = serial},
                          .queued = entry.queued,
                          .redelivered = redelivered,
                          .locked_until = entry.lock->until,
                          .message = nullptr});
    }
    return locked;
}

Result<EndedMessage> LockQueue::complete(LockToken token, LateSettlement late, Now now) {
    const auto entry = find(token, late, now);
    if (!entry) return std::unexpected(entry.error());
    return take(*entry, FeedbackStatus::success);
}

Result<EndedMessage> LockQueue::reject(LockToken token, Now now) {
    const auto entry = find(token, LateSettlement::refuse, now);
    if (!entry) return std::unexpected(entry.error());
    return take(*entry, FeedbackStatus::rejected);
}

Result<LockQueue::Abandoned> LockQueue::abandon(LockToken token, std::uint32_t delivery_count_max,
                                                Now now) {
    const auto found = find(token, LateSettlement::refuse, now);
    if (!found) return std::unexpected(found.error());
    const auto entry = *found;
    unlock(*entry);
    entry->queued.delivery_count += 1;
    std::optional<FeedbackStatus> ended;
    if (entry->queued.delivery_count >= delivery_count_max) {
        ended = FeedbackStatus::delivery_count_exceeded;
    } else if (entry->queued.expires_at <= now.wall) {
        ended = FeedbackStatus::expired;
    }
    if (!ended) return Abandoned{.queued = entry->queued, .ended = std::nullopt};
    return Abandoned{.queued = take(entry, *ended).queued, .ended = ended};
}

bool LockQueue::release(ReceiverId receiver) {
    bool released = false;
    for (auto& entry : entries_) {
        if (!entry.lock || entry.lock->receiver != receiver) continue;
        unlock(entry);
        released = true;
    }
    return released;
}

bool LockQueue::advance(Now now, EndedMessages& ended) {
    if (now.steady < lock_bound_ && now.wall < expiry_bound_) return false;
    bool returned = false;
    lock_bound_ = SteadyTime::max();
    expiry_bound_ = WallTime::max();
    const auto is_over = [&](Entry& entry) {
        const bool lock_ended = entry.lock && entry.lock->until <= now.steady;
        if (lock_ended) entry.lock.reset();
        if (entry.lock) {
            lock_bound_ = std::min(lock_bound_, entry.lock->until);
            return false;
        }
        if (entry.queued.expires_at <= now.wall) {
            ended.push_back({.queued = entry.queued, .status = FeedbackStatus::expired});
            return true;
        }
        expiry_bound_ = std::min(expiry_bound_, entry.queued.expires_at);
        returned = returned || lock_ended;
        return false;
    };
    if (std::erase_if(entries_, is_over) > 0) forget_bounds_when_empty();
    return returned;
}

EndedMessages LockQueue::purge() {
    EndedMessages ended;
    ended.reserve(entries_.size());
    for (auto& entry : entries_) {
        ended.push_back({.queued = std::move(entry.queued), .status = FeedbackStatus::purged});
    }
    entries_.clear();
    forget_bounds_when_empty();
    return ended;
}

EndedMessage LockQueue::drop_oldest() {
    RESTANTE_ASSERT(!entries_.empty());
    return take(entries_.begin(), FeedbackStatus::purged);
}

bool LockQueue::has_deliverable() const {
    return std::ranges::any_of(entries_, [](const Entry& entry) { return !entry.lock; });
}

void LockQueue::unlock(Entry& entry) {
    entry.lock.reset();
    expiry_bound_ = std::min(expiry_bound_, entry.queued.expires_at);
}

void LockQueue::forget_bounds_when_empty() {
    if (!entries_.empty()) return;
    entries_.shrink_to_fit();
    lock_bound_ = SteadyTime::max();
    expiry_bound_ = WallTime::max();
}

Result<LockQueue::Entries::iterator> LockQueue::find(LockToken token, LateSettlement late,
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

EndedMessage LockQueue::take(Entries::iterator entry, FeedbackStatus status) {
    EndedMessage ended{.queued = std::move(entry->queued), .status = status};
    entries_.erase(entry);
    forget_bounds_when_empty();
    return ended;
}

}  // namespace restante::core
