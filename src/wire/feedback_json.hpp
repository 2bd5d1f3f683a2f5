#pragma once
// Feedback as senders read it: a JSON array of records.

#include <span>
#include <string>

#include "model/feedback.hpp"

namespace restante::wire {

inline constexpr std::string_view feedback_content_type =
    "application/vnd.microsoft.iothub.feedback.json";

/// "Success", "Expired", "DeliveryCountExceeded", "Rejected" or "Purged".
std::string_view feedback_status_word(model::FeedbackStatus status);

/// [{"originalMessageId","enqueuedTimeUtc","statusCode","description","deviceId",
/// "deviceGenerationId"}]. The time is that of the end; the description repeats the status word,
/// because the C client reads the status from it.
std::string feedback_json(std::span<const model::FeedbackRecord> records);

}  // namespace restante::wire
