#include "wire/http_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "wire/devicebound_address.hpp"
#include "wire/expiry_text.hpp"
#include "wire/http_fields.hpp"
#include "wire/property_names.hpp"
#include "wire/topic.hpp"

namespace restante::wire {
namespace {

using Message = model::CloudToDeviceMessage;
using Property = std::pair<std::string, std::string>;

constexpr std::string_view expiry_header = "iothub-expiry";

struct SystemHeader {
    std::string_view name;
    std::optional<std::string> Message::* member;
};

/// As written. `ContentType` without a dash is what clients read a message's content type from.
constexpr std::array system_headers{
    SystemHeader{"iothub-messageid", &Message::message_id},
    SystemHeader{"iothub-correlationid", &Message::correlation_id},
    SystemHeader{"iothub-to", &Message::to},
    SystemHeader{"iothub-userid", &Message::user_id},
    SystemHeader{"ContentType", &Message::content_type},
    SystemHeader{"ContentEncoding", &Message::content_encoding},
};

/// Read as well: the SDKs spell these so where they send.
constexpr std::array other_system_headers{
    SystemHeader{"iothub-contenttype", &Message::content_type},
    SystemHeader{"iothub-contentencoding", &Message::content_encoding},
};

// -- writing -------------------------------------------------------------------------------------

void write_system_properties(FieldWriter& fields, const Message& message) {
    for (const SystemHeader& header : system_headers) {
        fields.add(header.name, message.*header.member);
    }
    if (message.ack) fields.add(ack_property, ack_word(*message.ack));
    if (message.expiry_time) {
        fields.add(expiry_header, std::string_view(to_iso8601(*message.expiry_time)));
    }
}

// -- reading -------------------------------------------------------------------------------------

Result<void> read_ack(std::string_view value, Message& message) {
    if (message.ack) return refuse_property(ack_property, "is given twice");
    message.ack = parse_ack_word(value);
    if (message.ack) return {};
    return refuse_property(ack_property, "must be none, positive, negative or full");
}

Result<void> read_expiry(std::string_view value, Message& message) {
    if (message.expiry_time) return refuse_property(expiry_header, "is given twice");
    const auto time = parse_expiry(value);
    if (!time) return std::unexpected(time.error());
    message.expiry_time = *time;
    return {};
}

Result<void> read_property(std::string name, std::string value, Message& message) {
    if (iequals(name, ack_property)) return read_ack(value, message);
    auto& properties = message.properties;
    if (std::ranges::find(properties, name, &Property::first) != properties.end()) {
        return refuse_property(name, "is given twice");
    }
    properties.emplace_back(std::move(name), std::move(value));
    return {};
}

Result<void> read_system(std::string_view name, std::string& value, Message& message) {
    if (iequals(name, ack_property)) return read_ack(value, message);
    if (iequals(name, expiry_header)) return read_expiry(value, message);
    const auto named = [name](const SystemHeader& known) { return iequals(known.name, name); };
    const auto* known = std::ranges::find_if(system_headers, named);
    if (known == system_headers.end()) {
        known = std::ranges::find_if(other_system_headers, named);
        if (known == other_system_headers.end()) return {};
    }
    auto& property = message.*known->member;
    if (property) return refuse_property(name, "is given twice");
    property = std::move(value);
    return {};
}

Result<void> read_field(FieldReader::Field field, Message& message) {
    if (field.is_property) {
        return read_property(std::move(field.name), std::move(field.value), message);
    }
    return field.value.empty() ? Result<void>{} : read_system(field.name, field.value, message);
}

}  // namespace

http::Headers to_http(const model::DeviceId& device, const model::LockedMessage& locked) {
    constexpr std::uint32_t count_max = std::numeric_limits<std::uint8_t>::max();
    const Message& message = *locked.message;
    FieldWriter fields;
    fields.add("ETag", std::string_view(lock_token_etag(locked.token)));
    fields.add("iothub-sequencenumber",
               std::string_view(fmt::to_string(locked.queued.sequence.value)));
    fields.add("iothub-enqueuedtime", std::string_view(to_iso8601(locked.queued.enqueued_at)));
    fields.add("iothub-deliverycount",
               std::string_view(fmt::to_string(std::min(locked.queued.delivery_count, count_max))));
    write_system_properties(fields, message);
    if (!message.to) fields.add("iothub-to", std::string_view(devicebound_to(device)));
    for (const Property& property : message.properties) {
        if (!is_reserved_property(property.first)) fields.add_property(property);
    }
    return fields.take();
}

http::Headers to_http(const model::CloudToDeviceMessage& message) {
    FieldWriter fields;
    write_system_properties(fields, message);
    for (const Property& property : message.properties) fields.add_property(property);
    return fields.take();
}

Result<model::CloudToDeviceMessage> from_http(const model::DeviceId& device,
                                              const http::Headers& headers, Bytes body) {
    const FieldReader reader(headers);
    Message message;
    for (const http::Header& header : headers) {
        auto field = reader.read(header);
        if (!field) return std::unexpected(field.error());
        if (const auto read = read_field(*std::move(field), message); !read) {
            return std::unexpected(read.error());
        }
    }
    message.body = std::move(body);
    const auto topic = devicebound_topic(device, message);
    if (!topic) return std::unexpected(topic.error());
    return message;
}

std::string lock_token_etag(const model::LockToken& token) {
    return fmt::format("\"{}\"", token.to_uuid().to_string());
}

std::optional<model::LockToken> parse_lock_token(std::string_view text) {
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
        text = text.substr(1, text.size() - 2);
    }
    const auto uuid = Uuid::parse(text);
    if (!uuid) return std::nullopt;
    return model::LockToken::from_uuid(*uuid);
}

}  // namespace restante::wire
