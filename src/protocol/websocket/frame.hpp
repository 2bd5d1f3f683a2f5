#pragma once
// One frame of RFC 6455 section 5, as bytes and as values; nothing here keeps state.
//
//      fin rsv opcode     mask length     length, if 126    or 127      masking key     payload
//     | 1 | 3 |  4  |    | 1 |   7   |   |      16      |  |  64  |    |    32     |   | length |
//
// The payload is not part of the header read here: a frame may announce 2^63 bytes, and whoever
// reads one passes its payload on as it arrives.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"

namespace restante::websocket {

/// Which end we are. A client masks what it sends, a server does not, and each refuses a peer
/// that does otherwise [RFC 6455 5.1].
enum class Role : std::uint8_t { server, client };

enum class Opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

/// Why a conversation ended [RFC 6455 7.4.1].
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    no_status = 1005,  ///< the peer named none; never on the wire
    invalid_payload = 1007,
    too_big = 1009,
};

using MaskingKey = std::array<std::uint8_t, 4>;

/// The longest header: two bytes, a length of eight, a masking key.
inline constexpr std::size_t header_bytes_max = 14;
/// The longest payload of a close, ping or pong [RFC 6455 5.5].
inline constexpr std::size_t control_payload_bytes_max = 125;

struct FrameHeader {
    bool fin = true;
    Opcode opcode = Opcode::binary;
    std::uint64_t payload_bytes = 0;
    MaskingKey key{};              ///< zeros where there is none
    std::size_t header_bytes = 0;  ///< its own length on the wire

    bool is_control() const { return (static_cast<unsigned>(opcode) & 8U) != 0; }
};

/// Why a frame cannot be read on: the code to close with, and a fixed sentence.
struct FrameFault {
    CloseCode code;
    std::string_view reason;
};

/// The header at the front of `bytes`, sent to the end that `role` names; nullopt while it is
/// incomplete. Refuses as soon as the bytes that are wrong have arrived: reserved bits and opcodes,
/// a mask too many or missing, a length written longer than need be, a control frame too long or
/// in fragments.
std::expected<std::optional<FrameHeader>, FrameFault> read_header(BytesView bytes, Role role);

/// Appends a whole frame, masked when there is a key.
void append_frame(Bytes& out, Opcode opcode, BytesView payload, std::optional<MaskingKey> key);

/// Masks and unmasks: byte i by the key's byte (offset + i) mod 4.
void apply_mask(std::span<std::uint8_t> bytes, const MaskingKey& key, std::uint64_t offset);

/// Whether a peer may send this code in a close frame [RFC 6455 7.4].
bool is_close_code(std::uint16_t code);

}  // namespace restante::websocket
