#include "wire/feedback_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "wire/json.hpp"

namespace restante::wire {

std::string_view feedback_status_word(model::FeedbackStatus status) {
    switch (status) {
        case model::FeedbackStatus::success:
            return "Success";
        case model::FeedbackStatus::expired:
            return "Expired";
        case model::FeedbackStatus::delivery_count_exceeded:
            return "DeliveryCountExceeded";
        case model::FeedbackStatus::rejected:
            return "Rejected";
        case model::FeedbackStatus::purged:
            return "Purged";
    }
    return "Unknown";
}

std::string feedback_json(std::span<const model::FeedbackRecord> records) {
    boost::json::array array;
    for (const auto& record : records) {
        const std::string_view word = feedback_status_word(record.status);
        boost::json::value id = nullptr;
        if (!record.original_message_id.empty()) id = to_utf8(record.original_message_id);
        array.push_back(boost::json::object{
            {"originalMessageId", std::move(id)},
            {"enqueuedTimeUtc", to_iso8601(record.ended_at)},
            {"statusCode", word},
            {"description", word},
            {"deviceId", record.device.value()},
            {"deviceGenerationId", record.generation_id},
        });
    }
    return boost::json::serialize(array);
}

}  // namespace restante::wire
