#include "model/cloud_to_device_message.hpp"

#include <fmt/format.h>

#include "model/limits.hpp"

namespace restante::model {
namespace {

std::size_t length(const std::optional<std::string>& text) {
    return text ? text->size() : 0;
}

Result<void> check_id(const std::optional<std::string>& id, std::string_view name) {
    if (length(id) <= limits::message_id_characters_max) return {};
    return fail(ErrorCode::argument_invalid,
                fmt::format("{} has at most {} characters, this one has {}", name,
                            limits::message_id_characters_max, id->size()));
}

}  // namespace

std::size_t size_bytes(const CloudToDeviceMessage& message) {
    constexpr std::size_t timestamp_bytes = 8;
    std::size_t size =
        message.body.size() + length(message.message_id) + length(message.correlation_id) +
        length(message.user_id) + length(message.to) + length(message.content_type) +
        length(message.content_encoding) + (message.expiry_time ? timestamp_bytes : 0);
    for (const auto& [name, value] : message.properties) size += name.size() + value.size();
    return size;
}

Result<void> check(const CloudToDeviceMessage& message, WallTime now) {
    const std::size_t size = size_bytes(message);
    if (size > limits::message_bytes_max) {
        return fail(ErrorCode::message_too_large,
                    fmt::format("the message has {} bytes with its properties, the limit is {}",
                                size, limits::message_bytes_max));
    }
    if (auto id = check_id(message.message_id, "message-id"); !id) return id;
    if (auto id = check_id(message.correlation_id, "correlation-id"); !id) return id;
    if (message.expiry_time && *message.expiry_time > now + limits::ttl_max) {
        return fail(ErrorCode::invalid_message_expiry_time,
                    "the expiry time is more than two days ahead");
    }
    return {};
}

}  // namespace restante::model
