#include "protocol/mqtt/codec.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "protocol/mqtt/body.hpp"
#include "protocol/mqtt/fields.hpp"

namespace restante::mqtt {
namespace {

constexpr std::uint8_t flags_of_requests = 0x02;  ///< PUBREL, SUBSCRIBE, UNSUBSCRIBE (2.2.2)

/// Flags that a type other than PUBLISH must carry [MQTT-2.2.2-2].
std::uint8_t required_flags(PacketType type) {
    switch (type) {
        case PacketType::pub_rel:
        case PacketType::subscribe:
        case PacketType::unsubscribe:
            return flags_of_requests;
        default:
            return 0;
    }
}

std::optional<Error> header_fault(PacketType type, std::uint8_t flags) {
    if (name(type).empty()) {
        return Error(ErrorCode::malformed,
                     fmt::format("packet type {} is reserved", std::to_underlying(type)));
    }
    if (type == PacketType::publish) {
        const auto qos = flags >> 1 & 3;
        if (qos == 3) return Error(ErrorCode::malformed, "PUBLISH has QoS 3");  // [MQTT-3.3.1-4]
        if (qos == 0 && (flags & 8) != 0) {                                     // [MQTT-3.3.1-2]
            return Error(ErrorCode::malformed, "PUBLISH has DUP set with QoS 0");
        }
    } else if (flags != required_flags(type)) {
        return Error(ErrorCode::malformed,
                     fmt::format("{} has header flags {} where {} are required", name(type), flags,
                                 required_flags(type)));
    }
    return std::nullopt;
}

template <class Ack>
Result<Packet> decode_ack(const Frame& frame) {
    FieldReader in(frame.type, frame.body);
    const PacketId id = in.packet_id();
    return in.finish(Ack{.packet_id = id});
}

template <class Ack>
Result<void> encode_ack(PacketType type, const Ack& packet, Bytes& out) {
    FieldWriter writer(type);
    writer.packet_id(packet.packet_id);
    return writer.finish(0, out);
}

}  // namespace

std::string_view name(PacketType type) {
    constexpr std::array<std::string_view, 16> names{
        "",        "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
        "PUBREL",  "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
        "PINGREQ", "PINGRESP", "DISCONNECT", ""};
    return names[std::to_underlying(type) & 15U];
}

Result<std::optional<Frame>> parse_frame(BytesView input, std::size_t remaining_length_max) {
    if (input.empty()) return std::nullopt;
    const auto type = static_cast<PacketType>(input[0] >> 4);
    const auto flags = static_cast<std::uint8_t>(input[0] & 15);
    if (auto fault = header_fault(type, flags)) return std::unexpected(*std::move(fault));

    std::size_t length = 0;
    std::size_t header = 1;
    for (bool more = true; more; ++header) {
        if (header == header_bytes_max) {
            return fail(ErrorCode::malformed, "remaining length has more than four bytes");
        }
        if (header == input.size()) return std::nullopt;
        length |= static_cast<std::size_t>(input[header] & 0x7F) << (7 * (header - 1));
        more = (input[header] & 0x80) != 0;
    }
    if (length > remaining_length_max) {
        return fail(ErrorCode::protocol_error,
                    fmt::format("{} of {} bytes exceeds the limit of {}", name(type), length,
                                remaining_length_max));
    }
    if (input.size() - header < length) return std::nullopt;
    return Frame{.type = type,
                 .flags = flags,
                 .body = input.subspan(header, length),
                 .size = header + length};
}

Result<Packet> decode(const Frame& frame) {
    FieldReader nothing(frame.type, frame.body);
    switch (frame.type) {
        case PacketType::connect:
            return decode_connect(frame.body);
        case PacketType::conn_ack:
            return decode_conn_ack(frame.body);
        case PacketType::publish:
            return decode_publish(frame.flags, frame.body);
        case PacketType::pub_ack:
            return decode_ack<PubAck>(frame);
        case PacketType::subscribe:
            return decode_subscribe(frame.body);
        case PacketType::sub_ack:
            return decode_sub_ack(frame.body);
        case PacketType::unsubscribe:
            return decode_unsubscribe(frame.body);
        case PacketType::unsub_ack:
            return decode_ack<UnsubAck>(frame);
        case PacketType::ping_req:
            return nothing.finish(PingReq{});
        case PacketType::ping_resp:
            return nothing.finish(PingResp{});
        case PacketType::disconnect:
            return nothing.finish(Disconnect{});
        case PacketType::pub_rec:
        case PacketType::pub_rel:
        case PacketType::pub_comp:
            break;
    }
    return fail(ErrorCode::protocol_error,
                fmt::format("{} belongs to QoS 2, which is not supported", name(frame.type)));
}

Result<void> encode(const PubAck& packet, Bytes& out) {
    return encode_ack(PacketType::pub_ack, packet, out);
}

Result<void> encode(const UnsubAck& packet, Bytes& out) {
    return encode_ack(PacketType::unsub_ack, packet, out);
}

Result<void> encode(const PingReq&, Bytes& out) {
    return FieldWriter(PacketType::ping_req).finish(0, out);
}

Result<void> encode(const PingResp&, Bytes& out) {
    return FieldWriter(PacketType::ping_resp).finish(0, out);
}

Result<void> encode(const Disconnect&, Bytes& out) {
    return FieldWriter(PacketType::disconnect).finish(0, out);
}

Result<void> encode(const Packet& packet, Bytes& out) {
    return std::visit([&](const auto& each) { return encode(each, out); }, packet);
}

}  // namespace restante::mqtt
