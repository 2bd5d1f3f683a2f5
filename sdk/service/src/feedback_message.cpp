#include "feedback_message.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "base/uuid.hpp"
#include "protocol/amqp/message.hpp"
#include "wire/feedback_json.hpp"
#include "wire/json.hpp"
#include "wire/json_members.hpp"

namespace restante::service {
namespace {

/// The tag as REST and the C# client spell a lock token; any other tag as it is, in base64.
std::string lock_token_of(BytesView tag) {
    std::array<std::uint8_t, 16> guid{};
    if (tag.size() != guid.size()) return to_base64(tag);
    std::ranges::copy(tag, guid.begin());
    return Uuid::from_guid_bytes(guid).to_string();
}

std::string text_of(const std::optional<Bytes>& bytes) {
    return bytes ? to_text(*bytes) : std::string();
}

Result<std::vector<FeedbackRecord>> read_records(std::string_view text) {
    const auto value = wire::parse_json(text, feedback_bytes_max);
    if (!value) return fail(ErrorCode::malformed, value.error().message);
    const auto* array = value->if_array();
    if (array == nullptr) return fail(ErrorCode::malformed, "feedback must be a JSON array");
    std::optional<Error> error;
    std::vector<FeedbackRecord> records;
    for (const auto& item : *array) {
        wire::Members members(item.if_object(), "", error);
        FeedbackRecord record;
        record.original_message_id = members.text("originalMessageId").value_or("");
        record.device_id = members.text("deviceId").value_or("");
        record.device_generation_id = members.text("deviceGenerationId").value_or("");
        record.status_code = members.text("statusCode").value_or("");
        record.description = members.text("description").value_or("");
        record.enqueued_time_utc = members.text("enqueuedTimeUtc").value_or("");
        if (record.device_id.empty() || record.status_code.empty()) {
            members.fail("a feedback record must name a device and a status");
        }
        records.push_back(std::move(record));
    }
    if (error) return fail(ErrorCode::malformed, error->message);
    return records;
}

}  // namespace

Result<FeedbackBatch> read_feedback(const amqp::Delivered& delivery) {
    const auto message = amqp::decode_message(delivery.payload);
    if (!message) return std::unexpected(message.error());
    if (!message->properties || message->properties->content_type != wire::feedback_content_type) {
        return fail(ErrorCode::malformed, "the hub sent something else than feedback");
    }
    std::string body;
    for (const auto& part : message->data) body += as_text(part);
    auto records = read_records(body);
    if (!records) return std::unexpected(records.error());
    FeedbackBatch batch;
    const auto* enqueued = message->message_annotations.find("iothub-enqueuedtime");
    const auto* time = enqueued != nullptr ? enqueued->get_if<WallTime>() : nullptr;
    if (time != nullptr) batch.enqueued_time = to_iso8601(*time);
    batch.user_id = text_of(message->properties->user_id);
    batch.lock_token = lock_token_of(delivery.tag);
    batch.records = std::move(*records);
    return batch;
}

}  // namespace restante::service
