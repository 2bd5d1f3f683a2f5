#include "wire/amqp_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "wire/json.hpp"
#include "wire/property_names.hpp"
#include "wire/topic.hpp"

namespace restante::wire {
namespace {

using Text = std::optional<std::string>;

// The calendar of ISO 8601 text with four-digit years.
constexpr WallTime time_min = std::chrono::sys_days{std::chrono::year{1} / 1 / 1};
constexpr WallTime time_max = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};

bool is_calendar_time(WallTime time) {
    return time >= time_min && time < time_max;
}

std::string bytes_text(BytesView bytes) {
    return is_utf8(as_text(bytes)) ? to_text(bytes) : to_base64(bytes);
}

Text code_point_text(std::uint32_t code) {
    const auto continuation = [code](unsigned shift) {
        return static_cast<char>(0x80 | (code >> shift & 0x3F));
    };
    std::string text;
    if (code < 0x80) {
        text = {static_cast<char>(code)};
    } else if (code < 0x800) {
        text = {static_cast<char>(0xC0 | code >> 6), continuation(0)};
    } else if (code < 0x10000) {
        text = {static_cast<char>(0xE0 | code >> 12), continuation(6), continuation(0)};
    } else if (code < 0x110000) {
        text = {static_cast<char>(0xF0 | code >> 18), continuation(12), continuation(6),
                continuation(0)};
    }
    if (text.empty() || !is_utf8(text)) return std::nullopt;
    return text;
}

/// The text of a scalar; nullopt for null, for composites, and for what has no text.
struct ScalarText {
    Text operator()(bool value) const { return value ? "True" : "False"; }
    Text operator()(const std::string& value) const { return value; }
    Text operator()(const amqp::Symbol& value) const { return value.text; }
    Text operator()(const Bytes& value) const { return bytes_text(value); }
    Text operator()(const Uuid& value) const { return value.to_string(); }
    Text operator()(amqp::Char value) const { return code_point_text(value.code_point); }
    Text operator()(WallTime value) const {
        return is_calendar_time(value) ? Text(to_iso8601(value)) : std::nullopt;
    }
    template <class T>
    Text operator()(const T& value) const {
        if constexpr (std::is_arithmetic_v<T>) {
            return fmt::format("{}", value);
        } else {
            return std::nullopt;
        }
    }
};

Text scalar_text(const amqp::Value& value) {
    return std::visit(ScalarText{}, value.storage());
}

Text filled(Text text) {
    return text && !text->empty() ? std::move(text) : std::nullopt;
}

std::unexpected<Error> refuse(std::string_view name, std::string_view why) {
    // A name comes from a stranger: shown whole it could be a page of text.
    constexpr std::size_t shown_bytes_max = 64;
    return fail(ErrorCode::argument_invalid,
                fmt::format("the application property '{}' {}",
                            to_utf8(name.substr(0, shown_bytes_max)), why));
}

Result<void> read_property(const amqp::MapEntry& entry, model::CloudToDeviceMessage& message) {
    const auto name = entry.key.text();
    if (!name || name->empty()) {
        return fail(ErrorCode::argument_invalid,
                    "the name of an application property must be text");
    }
    if (!is_utf8(*name)) return refuse(*name, "must have a name in UTF-8");
    auto value = scalar_text(entry.value);
    if (!value || !is_utf8(*value)) {
        return refuse(*name, entry.value.is_null()
                                 ? "has no value: leave it out, or make it an empty text"
                                 : "must be text, a number, a boolean, a time or bytes");
    }
    if (iequals(*name, ack_property)) {
        if (message.ack) return refuse(*name, "is given twice");
        message.ack = parse_ack_word(*value);
        if (!message.ack) return refuse(*name, "must be none, positive, negative or full");
        return {};
    }
    using Property = std::pair<std::string, std::string>;
    const auto& known = message.properties;
    if (std::ranges::find(known, *name, &Property::first) != known.end()) {
        return refuse(*name, "is given twice");
    }
    message.properties.emplace_back(*name, std::move(*value));
    return {};
}

Result<void> read_properties(const amqp::Map& map, model::CloudToDeviceMessage& message) {
    if (map.entries.size() > application_properties_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("a message has at most {} application properties",
                                application_properties_max));
    }
    for (const amqp::MapEntry& entry : map.entries) {
        if (auto read = read_property(entry, message); !read) return read;
    }
    return {};
}

Result<void> read_system_properties(amqp::Properties& from, model::CloudToDeviceMessage& to) {
    to.message_id = filled(scalar_text(from.message_id));
    to.correlation_id = filled(scalar_text(from.correlation_id));
    if (from.user_id) to.user_id = filled(bytes_text(*from.user_id));
    to.to = std::move(from.to);
    to.content_type = filled(std::move(from.content_type));
    to.content_encoding = filled(std::move(from.content_encoding));
    to.expiry_time = from.absolute_expiry_time;
    if (to.expiry_time && !is_calendar_time(*to.expiry_time)) {
        return fail(ErrorCode::invalid_message_expiry_time,
                    "the expiry time lies outside the years 1 to 9999: it counts milliseconds");
    }
    return {};
}

Result<Bytes> read_body(amqp::Message& message) {
    if (message.data.size() == 1) return std::move(message.data.front());
    Bytes body;
    for (const Bytes& section : message.data) append(body, section);
    if (message.value && !message.value->is_null()) {
        if (const auto* const text = message.value->get_if<std::string>()) {
            append(body, *text);
        } else if (const auto* const bytes = message.value->get_if<Bytes>()) {
            append(body, *bytes);
        } else {
            return fail(ErrorCode::argument_invalid,
                        "the body must be text or bytes: other values need an encoding, as JSON");
        }
    }
    if (!message.sequences.empty()) {
        return fail(ErrorCode::argument_invalid, "the body must be text or bytes, not a sequence");
    }
    return body;
}

amqp::Message write(const model::CloudToDeviceMessage& from) {
    amqp::Message message;
    amqp::Properties properties;
    if (from.message_id) properties.message_id = to_utf8(*from.message_id);
    if (from.correlation_id) properties.correlation_id = to_utf8(*from.correlation_id);
    if (from.user_id) properties.user_id = to_bytes(*from.user_id);
    properties.to = from.to;
    properties.content_type = from.content_type;
    properties.content_encoding = from.content_encoding;
    properties.absolute_expiry_time = from.expiry_time;
    message.properties = std::move(properties);
    if (from.ack) message.application_properties.add(ack_property, ack_word(*from.ack));
    message.data.push_back(from.body);
    return message;
}

void add_property(amqp::Message& message, const std::pair<std::string, std::string>& property) {
    message.application_properties.add(to_utf8(property.first), to_utf8(property.second));
}

Result<model::CloudToDeviceMessage> read_message(amqp::Properties& properties,
                                                 amqp::Message& message) {
    model::CloudToDeviceMessage to;
    if (auto read = read_system_properties(properties, to); !read) {
        return std::unexpected(read.error());
    }
    if (auto read = read_properties(message.application_properties, to); !read) {
        return std::unexpected(read.error());
    }
    auto body = read_body(message);
    if (!body) return std::unexpected(body.error());
    to.body = std::move(*body);
    return to;
}

}  // namespace

Result<SentMessage> from_amqp(amqp::Message message) {
    amqp::Properties properties = std::move(message.properties).value_or(amqp::Properties{});
    auto target = parse_to(properties.to.value_or(""));
    if (!target) return std::unexpected(target.error());
    auto read = read_message(properties, message);
    if (!read) return std::unexpected(read.error());
    SentMessage sent{.target = std::move(*target), .message = *std::move(read)};
    // The longer of the ids the hub may find the device under.
    const model::DeviceId longest = sent.target.raw_id.value_or(sent.target.id);
    const auto topic = devicebound_topic(longest, sent.message);
    if (!topic) return std::unexpected(topic.error());
    return sent;
}

Result<model::CloudToDeviceMessage> from_devicebound(amqp::Message message) {
    amqp::Properties properties = std::move(message.properties).value_or(amqp::Properties{});
    return read_message(properties, message);
}

Result<amqp::Message> telemetry_to_amqp(const DeviceProperties& from, BytesView body) {
    model::CloudToDeviceMessage written{.message_id = from.message_id,
                                        .correlation_id = from.correlation_id,
                                        .user_id = from.user_id,
                                        .to = from.to,
                                        .content_type = from.content_type,
                                        .content_encoding = from.content_encoding,
                                        .body = Bytes(body.begin(), body.end())};
    if (from.expiry_time) {
        const auto expiry = parse_iso8601(*from.expiry_time);
        if (!expiry) return std::unexpected(expiry.error());
        written.expiry_time = *expiry;
    }
    amqp::Message message = write(written);
    for (const auto& property : from.properties) add_property(message, property);
    return message;
}

amqp::Message to_amqp(const model::CloudToDeviceMessage& from) {
    amqp::Message message = write(from);
    for (const auto& property : from.properties) add_property(message, property);
    return message;
}

amqp::Message to_amqp(const model::DeviceId& device, const model::LockedMessage& locked) {
    amqp::Message message = write(*locked.message);
    if (!message.properties->to) message.properties->to = devicebound_to(device);
    for (const auto& property : locked.message->properties) {
        if (!is_reserved_property(property.first)) add_property(message, property);
    }
    // The C# client reads an annotation only when its type is exactly this one.
    const auto annotate = [&message](std::string_view name, amqp::Value value) {
        message.message_annotations.add(amqp::Symbol{std::string(name)}, std::move(value));
    };
    constexpr std::uint32_t count_max = std::numeric_limits<std::uint8_t>::max();
    annotate("iothub-enqueuedtime", locked.queued.enqueued_at);
    annotate("iothub-deliverycount",
             static_cast<std::uint8_t>(std::min(locked.queued.delivery_count, count_max)));
    annotate("x-opt-sequence-number", locked.queued.sequence.value);
    annotate("x-opt-lock-token", locked.token.to_uuid().to_string());
    return message;
}

Bytes delivery_tag(const model::LockToken& token) {
    const auto guid = token.to_uuid().to_guid_bytes();
    return Bytes(guid.begin(), guid.end());
}

}  // namespace restante::wire
