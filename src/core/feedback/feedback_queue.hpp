#pragma once
// What senders are to hear: records gather in a batch, batches wait for a receiver like messages.
//
//                64 of them, or 15 s                 receive, complete, abandon, reject,
//   records ───────────────────────────▶ batches ──▶ lock end, expiry: as in LockQueue
//           after the last batch was made
//
// A record is durable from the change that ends its message on: first as itself, then in its
// batch. The records of a batch lie in the store, like the bodies of messages.
//
// Owned by HubState, used on the hub's loop; time is a parameter.

#include <deque>

#include "core/change_set.hpp"
#include "core/queue/lock_queue.hpp"
#include "core/rules.hpp"

namespace restante::core {

class FeedbackQueue {
  public:
    explicit FeedbackQueue(FeedbackRules rules) : rules_(rules) {}

    /// What the store held, in ascending order, before anything else.
    void recover(FeedbackIndex index, model::FeedbackRecord record);
    void recover(model::QueuedMessage batch);

    void append(model::FeedbackRecord record, Now now, ChangeSet& changes);
    /// A device was deleted: what has not left for a batch yet is dropped.
    void forget(const model::DeviceId& device, ChangeSet& changes);

    /// The batches are locked for `receiver`; their records are left to the caller.
    std::vector<model::LockedMessage> receive(std::size_t max, ReceiverId receiver,
                                              std::uint64_t& serial, Now now, ChangeSet& changes);
    /// Errors of the three: device_message_lock_lost.
    Result<void> complete(model::LockToken token, Now now, ChangeSet& changes);
    Result<void> abandon(model::LockToken token, Now now, ChangeSet& changes);
    Result<void> reject(model::LockToken token, Now now, ChangeSet& changes);
    void release(ReceiverId receiver);

    /// Makes the batch, and ends the locks and lives, whose time has come.
    void advance(Now now, ChangeSet& changes);
    std::optional<WallTime> next_expiry() const { return batches_.next_expiry(); }
    std::optional<SteadyTime> next_due() const;

    /// Whether a batch has become deliverable since this was last asked.
    bool take_available() { return std::exchange(available_, false); }
    /// Batches dropped because nobody came for them and too many waited, since the start.
    std::uint64_t dropped() const { return dropped_; }

  private:
    struct Pending {
        FeedbackIndex index;
        model::FeedbackRecord record;
    };

    bool batch_is_due(SteadyTime now) const;
    void make_batch(Now now, ChangeSet& changes);
    Result<void> end(const Result<EndedMessage>& ended, ChangeSet& changes);

    FeedbackRules rules_;
    std::deque<Pending> pending_;
    FeedbackIndex next_index_{1};
    LockQueue batches_;
    model::SequenceNumber next_batch_{1};
    std::optional<SteadyTime> last_batch_at_;
    bool available_ = false;
    std::uint64_t dropped_ = 0;
};

}  // namespace restante::core
