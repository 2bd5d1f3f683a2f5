#pragma once
// One device's queue: pure decisions about messages whose bodies lie in the store.
//
//              enqueue               receive -> LockToken              complete
//   (new) ---------------> Enqueued -----------------------> Invisible ----------> Completed
//                            |   ^                             |   |
//            expire, purge   |   +---- abandon, lock end, -----+   |  reject, or an abandon that
//                            v         receiver gone               v  reaches the maximum count
//                            +------------> DeadLettered <---------+
//
// Completed and DeadLettered leave the queue. Order is by sequence number; a message that returns
// to Enqueued keeps its place. Only an abandon raises the delivery count. An expiry that passes
// while a message is Invisible takes effect when its lock ends: the holder may still complete it.
//
// Owned by HubState, used on the hub's loop; time is a parameter. Locks are counted on the steady
// clock and kept in memory only: after a restart every message is Enqueued again.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/change_set.hpp"

namespace restante::core {

/// Who holds a lock: the attachment that received the message. Its end returns its messages.
struct ReceiverId {
    std::uint64_t value = 0;

    auto operator<=>(const ReceiverId&) const = default;
};

/// Whether a settlement that comes after its lock ended still counts, if nobody else received the
/// message since. MQTT has no way to say "too late", so there it does.
enum class LateSettlement : std::uint8_t { refuse, accept };

/// What a queue is allowed to do; one value for the whole hub.
struct QueueRules {
    std::size_t depth_max;
    Milliseconds lock_duration;
    Milliseconds ttl_default;
    std::uint32_t delivery_count_max;

    /// The service's own values, from model/limits.hpp.
    static QueueRules defaults();
};

class DeviceQueue {
  public:
    explicit DeviceQueue(model::DeviceId device) : device_(std::move(device)) {}

    /// Puts a message back that the store held; in ascending order, before anything else.
    void recover(const model::QueuedMessage& queued);
    void recover(model::SequenceNumber next) { next_ = std::max(next_, next); }

    /// Errors: device_maximum_queue_depth_exceeded.
    Result<model::SequenceNumber> enqueue(
        std::shared_ptr<const model::CloudToDeviceMessage> message, const QueueRules& rules,
        Now now, ChangeSet& changes);

    /// Locks up to `max` of the oldest Enqueued messages, in order. `serial` is the last lock
    /// serial used in the hub and is counted on. The messages themselves are left to the caller.
    std::vector<model::LockedMessage> receive(std::size_t max, ReceiverId receiver,
                                              std::uint64_t& serial, const QueueRules& rules,
                                              Now now, ChangeSet& changes);

    /// Errors of the three: device_message_lock_lost.
    Result<void> complete(model::LockToken token, LateSettlement late, Now now, ChangeSet& changes);
    Result<void> abandon(model::LockToken token, const QueueRules& rules, Now now,
                         ChangeSet& changes);
    Result<void> reject(model::LockToken token, Now now, ChangeSet& changes);

    /// The receiver is gone: its messages are Enqueued again, uncounted. True when there were any.
    bool release(ReceiverId receiver, Now now, ChangeSet& changes);

    /// Ends locks and lives whose time has come. True when a message became Enqueued again.
    bool advance(Now now, ChangeSet& changes);

    /// Dead-letters everything, locked or not; the number of messages.
    std::size_t purge(ChangeSet& changes);

    std::size_t size() const { return entries_.size(); }
    bool has_deliverable() const;
    std::optional<WallTime> next_expiry() const;
    std::optional<SteadyTime> next_lock_end() const;

  private:
    struct Lock {
        ReceiverId receiver;
        SteadyTime until;
    };
    struct Entry {
        model::QueuedMessage queued;
        /// Of the latest lock, 0 before the first: remembered after its end for late settlement.
        std::uint64_t lock_serial = 0;
        std::optional<Lock> lock;
    };
    using Entries = std::vector<Entry>;

    Result<Entries::iterator> find(model::LockToken token, LateSettlement late, Now now);
    Entries::iterator end_message(Entries::iterator entry, ChangeSet& changes);

    model::DeviceId device_;
    Entries entries_;
    model::SequenceNumber next_{1};
};

}  // namespace restante::core
