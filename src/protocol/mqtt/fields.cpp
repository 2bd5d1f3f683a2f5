#include "protocol/mqtt/fields.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/text.hpp"

namespace restante::mqtt {
namespace {

/// Largest remaining length that four bytes can say (MQTT 2.2.3).
constexpr std::size_t remaining_length_max = 268'435'455;

/// Length of text and binary data is a two-byte number.
constexpr std::size_t field_bytes_max = std::numeric_limits<std::uint16_t>::max();

std::optional<std::string_view> text_fault(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return "contains U+0000";
    if (!is_utf8(text)) return "is not valid UTF-8";
    return std::nullopt;
}

void write_remaining_length(ByteWriter& writer, std::size_t length) {
    do {
        const auto low = static_cast<std::uint8_t>(length % 128);
        length /= 128;
        writer.u8(length > 0 ? static_cast<std::uint8_t>(low | 0x80U) : low);
    } while (length > 0);
}

}  // namespace

std::uint8_t FieldReader::u8() {
    const std::uint8_t value = reader_.u8();
    if (!reader_.ok()) refuse("ends too early");
    return value;
}

std::uint16_t FieldReader::u16() {
    const std::uint16_t value = reader_.u16();
    if (!reader_.ok()) refuse("ends too early");
    return value;
}

PacketId FieldReader::packet_id() {
    const PacketId id = u16();
    if (id == 0) refuse("has packet id 0");  // [MQTT-2.3.1-1]
    return id;
}

BytesView FieldReader::binary(std::string_view field) {
    const BytesView value = reader_.take(reader_.u16());
    if (!reader_.ok()) refuse(fmt::format("{} runs past the end of the packet", field));
    return value;
}

std::string_view FieldReader::text(std::string_view field) {
    const std::string_view value = as_text(binary(field));
    if (const auto fault = text_fault(value)) refuse(fmt::format("{} {}", field, *fault));
    return value;
}

void FieldReader::refuse(std::string_view reason) {
    if (!error_) error_.emplace(ErrorCode::malformed, fmt::format("{} {}", name(type_), reason));
    reader_.fail();
}

void FieldWriter::packet_id(PacketId id) {
    if (id == 0) refuse("needs a packet id");
    writer_.u16(id);
}

void FieldWriter::binary(std::string_view field, BytesView value) {
    if (value.size() > field_bytes_max) {
        refuse(fmt::format("{} is longer than {} bytes", field, field_bytes_max));
        return;
    }
    writer_.u16(static_cast<std::uint16_t>(value.size()));
    writer_.bytes(value);
}

void FieldWriter::text(std::string_view field, std::string_view value) {
    if (const auto fault = text_fault(value)) refuse(fmt::format("{} {}", field, *fault));
    binary(field, as_bytes(value));
}

void FieldWriter::refuse(std::string_view reason) {
    if (error_) return;
    error_.emplace(ErrorCode::argument_invalid, fmt::format("{} {}", name(type_), reason));
}

Result<void> FieldWriter::finish(std::uint8_t flags, Bytes& out, BytesView payload) {
    const std::size_t length = body_.size() + payload.size();
    if (length > remaining_length_max) refuse("is longer than a packet can be");
    if (error_) return std::unexpected(*std::move(error_));
    ByteWriter packet(out);
    packet.u8(static_cast<std::uint8_t>(static_cast<unsigned>(type_) << 4 | flags));
    write_remaining_length(packet, length);
    packet.bytes(body_);
    packet.bytes(payload);
    return {};
}

}  // namespace restante::mqtt
