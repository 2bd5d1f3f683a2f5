#pragma once
// An AMQP message (AMQP 3.2): its sections, as plain values, and their encoding.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "protocol/amqp/value.hpp"

namespace restante::amqp {

/// Most body sections read. A batch holds one message in each (message_format_batch).
constexpr std::size_t body_sections_max = 4'096;

/// The message format of a batch: every data section is one encoded message.
constexpr std::uint32_t message_format_batch = 0x8001'3700;

struct Header {
    bool durable = false;
    std::uint8_t priority = 4;
    std::optional<std::uint32_t> ttl_ms;
    bool first_acquirer = false;
    std::uint32_t delivery_count = 0;
    bool operator==(const Header&) const = default;
};

struct Properties {
    Value message_id;  ///< null, ulong, uuid, binary or string; a reply echoes the type
    std::optional<Bytes> user_id;
    std::optional<std::string> to;
    std::optional<std::string> subject;
    std::optional<std::string> reply_to;
    Value correlation_id;  ///< as message_id
    std::optional<std::string> content_type;
    std::optional<std::string> content_encoding;
    std::optional<WallTime> absolute_expiry_time;
    std::optional<WallTime> creation_time;
    std::optional<std::string> group_id;
    std::optional<std::uint32_t> group_sequence;
    std::optional<std::string> reply_to_group_id;
    bool operator==(const Properties&) const = default;
};

/// The body is of one kind: `data`, `sequences` or `value`. An empty map is an absent section.
struct Message {
    std::optional<Header> header;
    Map delivery_annotations;
    Map message_annotations;
    std::optional<Properties> properties;
    Map application_properties;
    std::vector<Bytes> data;
    std::vector<List> sequences;
    std::optional<Value> value;
    Map footer;
    bool operator==(const Message&) const = default;
};

/// Reads a whole message. Sections may come in any order, as the C SDK sends them; a section that
/// may stand once stands once, and the body is of one kind. message-id and correlation-id may be
/// any of the integer types too, because uamqp writes what Python gives it. The error is always
/// `malformed`.
Result<Message> decode_message(BytesView bytes);

/// In the specification's order; whatever is absent is left out, a body too.
Bytes encode_message(const Message& message);

}  // namespace restante::amqp
