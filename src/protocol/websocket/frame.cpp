#include "protocol/websocket/frame.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"

namespace restante::websocket {
namespace {

constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t opcode_bits = 0x0F;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7F;
constexpr std::uint8_t length_in_16_bits = 126;
constexpr std::uint8_t length_in_64_bits = 127;

std::unexpected<FrameFault> refuse(std::string_view reason) {
    return std::unexpected(FrameFault{CloseCode::protocol_error, reason});
}

bool is_opcode(std::uint8_t value) {
    return value <= 2 || (value >= 8 && value <= 10);
}

/// What the first two bytes alone can be blamed for.
std::expected<void, FrameFault> check_first(std::uint8_t first, std::uint8_t second, Role role) {
    if ((first & reserved_bits) != 0) return refuse("a reserved bit is set");
    const std::uint8_t opcode = first & opcode_bits;
    if (!is_opcode(opcode)) return refuse("a reserved opcode");
    const bool masked = (second & mask_bit) != 0;
    if (masked && role == Role::client) return refuse("a masked frame from a server");
    if (!masked && role == Role::server) return refuse("an unmasked frame from a client");
    if (opcode >= static_cast<std::uint8_t>(Opcode::close)) {
        if ((first & fin_bit) == 0) return refuse("a control frame in fragments");
        if ((second & length_bits) > control_payload_bytes_max) {
            return refuse("a control frame of more than 125 bytes");
        }
    }
    return {};
}

}  // namespace

std::expected<std::optional<FrameHeader>, FrameFault> read_header(BytesView bytes, Role role) {
    if (bytes.size() < 2) return std::nullopt;
    ByteReader reader(bytes);
    const std::uint8_t first = reader.u8();
    const std::uint8_t second = reader.u8();
    if (const auto fine = check_first(first, second, role); !fine) {
        return std::unexpected(fine.error());
    }
    FrameHeader header{.fin = (first & fin_bit) != 0,
                       .opcode = static_cast<Opcode>(first & opcode_bits),
                       .payload_bytes = std::uint64_t{second} & length_bits};
    std::uint64_t length_min = 0;
    if (header.payload_bytes == length_in_16_bits) {
        header.payload_bytes = reader.u16();
        length_min = length_in_16_bits;
    } else if (header.payload_bytes == length_in_64_bits) {
        header.payload_bytes = reader.u64();
        length_min = 0x1'0000;
    }
    if (!reader.ok()) return std::nullopt;
    if (header.payload_bytes < length_min) return refuse("a length longer than need be");
    if (header.payload_bytes >> 63 != 0) return refuse("a length beyond 63 bits");
    if ((second & mask_bit) != 0) {
        const BytesView key = reader.take(header.key.size());
        if (!reader.ok()) return std::nullopt;
        std::ranges::copy(key, header.key.begin());
    }
    header.header_bytes = bytes.size() - reader.remaining();
    return header;
}

void append_frame(Bytes& out, Opcode opcode, BytesView payload, std::optional<MaskingKey> key) {
    ByteWriter writer(out);
    const std::uint8_t mask = key ? mask_bit : 0;
    writer.u8(fin_bit | static_cast<std::uint8_t>(opcode));
    if (payload.size() < length_in_16_bits) {
        writer.u8(mask | static_cast<std::uint8_t>(payload.size()));
    } else if (payload.size() <= 0xFFFF) {
        writer.u8(mask | length_in_16_bits);
        writer.u16(static_cast<std::uint16_t>(payload.size()));
    } else {
        writer.u8(mask | length_in_64_bits);
        writer.u64(payload.size());
    }
    if (key) writer.bytes(*key);
    const std::size_t begin = out.size();
    writer.bytes(payload);
    if (key) apply_mask(std::span(out).subspan(begin), *key, 0);
}

void apply_mask(std::span<std::uint8_t> bytes, const MaskingKey& key, std::uint64_t offset) {
    MaskingKey turned = key;  // so that the loop below is one a compiler can widen
    std::ranges::rotate(turned, turned.begin() + static_cast<std::ptrdiff_t>(offset % key.size()));
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] ^= turned[i % turned.size()];
}

bool is_close_code(std::uint16_t code) {
    // 1004 means nothing yet; 1005, 1006 and 1015 are for programs to tell themselves.
    if (code >= 1000 && code <= 1014) return code < 1004 || code > 1006;
    return code >= 3000 && code <= 4999;
}

}  // namespace restante::websocket
