#pragma once
// What senders hear about their messages: one record for each end that was asked about, handed out
// in batches that a service receives, locks and settles as a device does its messages.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/device_id.hpp"
#include "model/queued_message.hpp"

namespace restante::model {

/// What became of a message. `success` is Completed; all others are DeadLettered.
enum class FeedbackStatus : std::uint8_t {
    success,
    expired,
    delivery_count_exceeded,
    rejected,
    purged
};

struct FeedbackRecord {
    DeviceId device;
    /// The life of the device that the message was for.
    std::string generation_id;
    /// Empty when the message had none: nobody can tell then which message this is about.
    std::string original_message_id;
    WallTime ended_at;
    FeedbackStatus status = FeedbackStatus::success;

    bool operator==(const FeedbackRecord&) const = default;
};

using FeedbackBatch = std::vector<FeedbackRecord>;

/// A batch handed to a receiver until it settles it or the lock ends.
struct LockedFeedback {
    LockToken token;
    QueuedMessage queued;
    SteadyTime locked_until;
    FeedbackBatch records;
};

/// Whether a sender that asked for `ack` hears of this end.
constexpr bool wants_feedback(AckRequest ack, FeedbackStatus status) {
    if (ack == AckRequest::full) return true;
    return ack == (status == FeedbackStatus::success ? AckRequest::positive : AckRequest::negative);
}

}  // namespace restante::model
