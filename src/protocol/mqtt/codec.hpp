#pragma once
// Control packets as bytes (MQTT 2 and 3), checked in full in both directions.
//
//     byte 0        packet type << 4 | flags
//     byte 1 .. 4   remaining length, seven bits a byte, least significant first
//     body          the packet's fields
//
// parse_frame() finds where a packet ends, decode() reads it. Stateless; what is allowed when is
// the engines' business.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/mqtt/packet.hpp"

namespace restante::mqtt {

/// Most filters in one SUBSCRIBE or UNSUBSCRIBE. Five is the most a client is known to send; a
/// bound keeps 256 KiB of one-letter filters from becoming megabytes of strings.
constexpr std::size_t filters_per_packet_max = 256;

/// Bytes of the longest fixed header.
constexpr std::size_t header_bytes_max = 5;

/// One whole packet, still as bytes: a view into the input.
struct Frame {
    PacketType type;
    std::uint8_t flags;
    BytesView body;
    std::size_t size;  ///< bytes of input, header included
};

/// The packet at the front of `input`; nullopt while it is incomplete. Faults of the header are
/// reported as soon as they can be seen. Errors: malformed; protocol_error when the remaining
/// length exceeds `remaining_length_max`.
Result<std::optional<Frame>> parse_frame(BytesView input, std::size_t remaining_length_max);

/// Reads a packet that parse_frame() found. Errors: malformed, saying in words what is wrong;
/// protocol_error for the packets of QoS 2 and for too many filters.
Result<Packet> decode(const Frame& frame);

/// The protocol level a CONNECT asks for; nullopt when it does not even name MQTT. A server must
/// know it before it may judge the rest [MQTT-3.1.2-2].
std::optional<std::uint8_t> connect_level(const Frame& frame);

/// Appends a packet to `out`, or leaves `out` as it was. Errors: argument_invalid when the packet
/// breaks a rule that decode() checks or a field does not fit.
Result<void> encode(const Connect& packet, Bytes& out);
Result<void> encode(const ConnAck& packet, Bytes& out);
Result<void> encode(const Publish& packet, Bytes& out);
Result<void> encode(const PubAck& packet, Bytes& out);
Result<void> encode(const Subscribe& packet, Bytes& out);
Result<void> encode(const SubAck& packet, Bytes& out);
Result<void> encode(const Unsubscribe& packet, Bytes& out);
Result<void> encode(const UnsubAck& packet, Bytes& out);
Result<void> encode(const PingReq& packet, Bytes& out);
Result<void> encode(const PingResp& packet, Bytes& out);
Result<void> encode(const Disconnect& packet, Bytes& out);
Result<void> encode(const Packet& packet, Bytes& out);

}  // namespace restante::mqtt
