#include "message_properties.hpp"

#include <stdexcept>
#include <utility>

#include "base/timestamp.hpp"
#include "wire/property_names.hpp"
#include "wire/topic.hpp"

namespace restante::device {
namespace {

/// As Python counts it: body and properties.
constexpr std::size_t telemetry_bytes_max = 262'144;

}  // namespace

Message to_message(wire::DeviceProperties properties, BytesView body) {
    Message message;
    message.data = to_text(body);
    for (auto& [name, value] : properties.properties) {
        message.custom_properties.set(std::move(name), std::move(value));
    }
    message.message_id = std::move(properties.message_id);
    message.expiry_time_utc = std::move(properties.expiry_time);
    message.correlation_id = std::move(properties.correlation_id);
    message.user_id = std::move(properties.user_id);
    message.content_encoding = std::move(properties.content_encoding);
    message.content_type = std::move(properties.content_type);
    message.ack = std::move(properties.ack);
    return message;
}

Message to_message(model::CloudToDeviceMessage received) {
    wire::DeviceProperties properties;
    properties.message_id = std::move(received.message_id);
    properties.correlation_id = std::move(received.correlation_id);
    properties.user_id = std::move(received.user_id);
    properties.content_type = std::move(received.content_type);
    properties.content_encoding = std::move(received.content_encoding);
    if (received.expiry_time) properties.expiry_time = to_iso8601(*received.expiry_time);
    if (received.ack) properties.ack = wire::ack_word(*received.ack);
    properties.properties = std::move(received.properties);
    return to_message(std::move(properties), received.body);
}

wire::DeviceProperties to_properties(const Message& message) {
    wire::DeviceProperties properties;
    properties.message_id = message.message_id;
    properties.correlation_id = message.correlation_id;
    properties.user_id = message.user_id;
    properties.content_type = message.content_type;
    properties.content_encoding = message.content_encoding;
    properties.expiry_time = message.expiry_time_utc;
    properties.properties.assign(message.custom_properties.begin(),
                                 message.custom_properties.end());
    return properties;
}

void check_telemetry(const Identity& identity, const Message& message) {
    std::size_t bytes = message.data.size();
    for (const auto& [name, value] : message.custom_properties) bytes += name.size() + value.size();
    if (bytes > telemetry_bytes_max) {
        throw std::invalid_argument("Size of telemetry message can not exceed 256 KB.");
    }
    const auto topic =
        wire::telemetry_topic(identity.device, identity.module, to_properties(message));
    if (!topic) throw std::invalid_argument(topic.error().message);
}

}  // namespace restante::device
