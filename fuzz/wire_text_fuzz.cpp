// uses: wire
// Every short text a peer writes. The first byte chooses the reader; what a reader accepts, its
// writer must give back.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/assert.hpp"
#include "wire/connection_string.hpp"
#include "wire/devicebound_address.hpp"
#include "wire/error_table.hpp"
#include "wire/etag.hpp"
#include "wire/property_bag.hpp"
#include "wire/property_names.hpp"
#include "wire/topic.hpp"

namespace {

using namespace restante;

void fuzz_property_bag(std::string_view text) {
    const auto read = wire::from_property_bag(text);
    if (!read) return;
    model::CloudToDeviceMessage message;
    message.message_id = read->message_id;
    message.correlation_id = read->correlation_id;
    message.user_id = read->user_id;
    message.to = read->to;
    message.content_type = read->content_type;
    message.content_encoding = read->content_encoding;
    if (read->ack) message.ack = wire::parse_ack_word(*read->ack);
    for (const auto& property : read->properties) {
        if (property.first.starts_with("$.") || wire::is_reserved_property(property.first)) {
            continue;
        }
        message.properties.push_back(property);
    }
    const auto device = *model::DeviceId::parse("d");
    const auto again = wire::from_property_bag(wire::to_property_bag(device, message));
    RESTANTE_ASSERT(again && again->to);
    RESTANTE_ASSERT(again->message_id == message.message_id);
    RESTANTE_ASSERT(again->user_id == message.user_id);
    RESTANTE_ASSERT(again->content_type == message.content_type);
    RESTANTE_ASSERT(again->properties == message.properties);
}

void fuzz_topic(std::string_view text) {
    const auto device = *model::DeviceId::parse("d");
    const bool matches = wire::match_devicebound_filter(device, text);
    RESTANTE_ASSERT(!matches || text.starts_with("devices/d/messages/devicebound"));
    static_cast<void>(wire::devicebound_bag(device, text));
    if (const auto telemetry = wire::parse_telemetry_topic(text)) {
        RESTANTE_ASSERT(!telemetry->device_id.empty());
        RESTANTE_ASSERT(!telemetry->device_id.contains('/'));
    }
}

void fuzz_username(std::string_view text) {
    const auto read = wire::MqttUsername::parse(text);
    if (!read) return;
    const std::string ours =
        wire::mqtt_username(read->host, read->device_id, read->module_id, read->client_type);
    const auto again = wire::MqttUsername::parse(ours);
    RESTANTE_ASSERT(again && again->device_id == read->device_id);
    RESTANTE_ASSERT(again->module_id == read->module_id);
    RESTANTE_ASSERT(again->host == read->host && again->client_type == read->client_type);
}

void fuzz_address(std::string_view text) {
    const auto address = wire::parse_link_address(text);
    const auto to = wire::parse_to(text);
    const auto* const devicebound = std::get_if<wire::DeviceDevicebound>(&address);
    RESTANTE_ASSERT(to.has_value() == (devicebound != nullptr));
    if (!to) return;
    RESTANTE_ASSERT(*to == devicebound->target);
    // Written raw, the id is either the first or the second the reader offers.
    const auto again = wire::parse_to(wire::devicebound_to(to->id));
    RESTANTE_ASSERT(again && (again->id == to->id || again->raw_id == to->id));
}

void fuzz_connection_string(std::string_view text) {
    static_cast<void>(wire::split_host(text, 1));
    const auto read = wire::ConnectionString::parse(text);
    if (!read) return;
    static_cast<void>(read->check_device());
    static_cast<void>(read->check_service());
    const auto again = wire::ConnectionString::parse(read->to_string());
    RESTANTE_ASSERT(again && *again == *read);
}

void fuzz_errors(std::string_view text) {
    static_cast<void>(wire::http_error(404, text.substr(0, text.size() / 2), text));
    static_cast<void>(wire::amqp_error(text.substr(0, text.size() / 2), text));
    const Error error{ErrorCode::argument_invalid, std::string(text)};
    const std::string body = wire::http_error_body(error, {});
    RESTANTE_ASSERT(wire::http_error(400, "", body).code == error.code);
    const std::string description = wire::amqp_error_description(error, {});
    RESTANTE_ASSERT(wire::amqp_error("", description).code == error.code);
    const auto match = wire::parse_if_match(text);
    if (const auto version = wire::etag_version(match.etag)) {
        RESTANTE_ASSERT(match.matches(*version));
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (data[0]) {
        case 'b':
            fuzz_property_bag(text);
            break;
        case 't':
            fuzz_topic(text);
            break;
        case 'u':
            fuzz_username(text);
            break;
        case 'a':
            fuzz_address(text);
            break;
        case 'c':
            fuzz_connection_string(text);
            break;
        case 'e':
            fuzz_errors(text);
            break;
        default:
            break;
    }
    return 0;
}
