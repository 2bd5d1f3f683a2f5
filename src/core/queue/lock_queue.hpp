#pragma once
// The life of messages in one queue, whoever they are for: order, locks, counts, expiry.
//
//              push             receive -> LockToken               complete
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
// Locks are counted on the steady clock and kept in memory only: after a restart every message is
// Enqueued again.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "model/feedback.hpp"

namespace restante::core {

/// Who holds a lock: the attachment that received the message, whose end returns its messages.
/// The default stands for receivers without one, who come back only to settle.
struct ReceiverId {
    std::uint64_t value = 0;

    auto operator<=>(const ReceiverId&) const = default;
};

/// Whether a settlement that comes after its lock ended still counts, if nobody else received the
/// message since. MQTT has no way to say "too late", so there it does.
enum class LateSettlement : std::uint8_t { refuse, accept };

struct ReceiveOrder {
    std::size_t max = 1;
    ReceiverId receiver;
    Milliseconds lock_duration;
};

/// A message that left its queue, and why.
struct EndedMessage {
    model::QueuedMessage queued;
    model::FeedbackStatus status;
};
using EndedMessages = std::vector<EndedMessage>;

class LockQueue {
  public:
    /// In ascending order of the sequence numbers.
    void push(model::QueuedMessage queued);

    /// Locks up to `order.max` of the oldest Enqueued messages. `serial` is the last lock serial
    /// used in the hub and is counted on. The messages themselves are left to the caller.
    std::vector<model::LockedMessage> receive(const ReceiveOrder& order, std::uint64_t& serial,
                                              Now now);

    /// Errors of the three: device_message_lock_lost.
    Result<EndedMessage> complete(model::LockToken token, LateSettlement late, Now now);
    Result<EndedMessage> reject(model::LockToken token, Now now);
    struct Abandoned {
        model::QueuedMessage queued;
        std::optional<model::FeedbackStatus> ended;  ///< nullopt: it waits again
    };
    Result<Abandoned> abandon(model::LockToken token, std::uint32_t delivery_count_max, Now now);

    /// The receiver is gone: its messages are Enqueued again, uncounted. True when there were any.
    bool release(ReceiverId receiver);

    /// Ends locks and lives whose time has come. True when a message became Enqueued again.
    bool advance(Now now, EndedMessages& ended);

    /// Takes everything out, locked or not.
    EndedMessages purge();
    /// Takes the oldest out.
    EndedMessage drop_oldest();

    std::size_t size() const { return entries_.size(); }
    bool has_deliverable() const;
    /// When advance() may have something to do; nothing is due before, but perhaps later only.
    std::optional<WallTime> next_expiry() const { return unless_never(expiry_bound_); }
    std::optional<SteadyTime> next_lock_end() const { return unless_never(lock_bound_); }

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

    template <class Time>
    static std::optional<Time> unless_never(Time time) {
        return time == Time::max() ? std::nullopt : std::optional(time);
    }

    Result<Entries::iterator> find(model::LockToken token, LateSettlement late, Now now);
    EndedMessage take(Entries::iterator entry, model::FeedbackStatus status);
    void unlock(Entry& entry);
    void forget_bounds_when_empty();

    Entries entries_;
    // No lock ends and no message outside a lock expires before these, which whoever settles leaves
    // as they are: only advance(), once they are reached, looks at every message. To look each time
    // took a fifth of the hub's work on queues of 500.
    SteadyTime lock_bound_ = SteadyTime::max();
    WallTime expiry_bound_ = WallTime::max();
};

}  // namespace restante::core
