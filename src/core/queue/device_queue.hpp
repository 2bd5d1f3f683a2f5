#pragma once
// One device's queue: the decisions about its messages (their life is LockQueue's) and what each
// changes in the store, where their bodies lie.
//
// Owned by HubState, used on the hub's loop; time is a parameter.

#include <algorithm>
#include <memory>

#include "core/change_set.hpp"
#include "core/queue/lock_queue.hpp"
#include "core/rules.hpp"

namespace restante::core {

/// What one operation is given, and where it leaves what it did.
struct QueueContext {
    const QueueRules& rules;
    Now now;
    ChangeSet& changes;
    /// Messages that left the queue, for whoever tells their senders.
    EndedMessages& ended;
};

class DeviceQueue {
  public:
    explicit DeviceQueue(model::DeviceId device) : device_(std::move(device)) {}

    /// Puts a message back that the store held; in ascending order, before anything else.
    void recover(model::QueuedMessage queued);
    /// No message gets a number below `next`.
    void recover(model::SequenceNumber next) { next_ = std::max(next_, next); }

    /// Errors: device_maximum_queue_depth_exceeded.
    Result<model::SequenceNumber> enqueue(
        std::shared_ptr<const model::CloudToDeviceMessage> message, const QueueContext& context);

    /// See LockQueue, as for the rest.
    std::vector<model::LockedMessage> receive(const ReceiveOrder& order, std::uint64_t& serial,
                                              const QueueContext& context);

    /// Errors of the three: device_message_lock_lost.
    Result<void> complete(model::LockToken token, LateSettlement late, const QueueContext& context);
    Result<void> abandon(model::LockToken token, const QueueContext& context);
    Result<void> reject(model::LockToken token, const QueueContext& context);

    /// True when messages became deliverable again.
    bool release(ReceiverId receiver, const QueueContext& context);
    bool advance(const QueueContext& context);

    /// The number of messages that were there.
    std::size_t purge(const QueueContext& context);

    std::size_t size() const { return queue_.size(); }
    bool has_deliverable() const { return queue_.has_deliverable(); }
    std::optional<WallTime> next_expiry() const { return queue_.next_expiry(); }
    std::optional<SteadyTime> next_lock_end() const { return queue_.next_lock_end(); }

  private:
    void forget(EndedMessage message, const QueueContext& context);
    void forget_all(EndedMessages messages, const QueueContext& context);

    model::DeviceId device_;
    LockQueue queue_;
    model::SequenceNumber next_{1};
    /// Told to the store since the start: above the number of each message that has left since
    /// then.
    model::SequenceNumber stored_next_{1};
};

}  // namespace restante::core
