// CONNECT (MQTT 3.1) and CONNACK (MQTT 3.2).

#include <fmt/format.h>

#include <utility>

#include "protocol/mqtt/body.hpp"
#include "protocol/mqtt/fields.hpp"
#include "protocol/mqtt/topic_filter.hpp"

namespace restante::mqtt {
namespace {

constexpr std::string_view protocol_name = "MQTT";

// Connect flags (MQTT 3.1.2.3 to 3.1.2.9).
constexpr unsigned flag_reserved = 0x01;
constexpr unsigned flag_clean_session = 0x02;
constexpr unsigned flag_will = 0x04;
constexpr unsigned flags_will_qos = 0x18;
constexpr unsigned flag_will_retain = 0x20;
constexpr unsigned flag_password = 0x40;
constexpr unsigned flag_user_name = 0x80;
constexpr unsigned will_qos_shift = 3;

void check_flags(FieldReader& in, unsigned flags) {
    const unsigned will_qos = (flags & flags_will_qos) >> will_qos_shift;
    const bool has_will = (flags & flag_will) != 0;
    if ((flags & flag_reserved) != 0) in.refuse("has reserved flag set");  // [MQTT-3.1.2-3]
    if (will_qos == 3) in.refuse("has will QoS 3");                        // [MQTT-3.1.2-14]
    if (!has_will && will_qos != 0) {                                      // [MQTT-3.1.2-13]
        in.refuse("has a will QoS without a will");
    }
    if (!has_will && (flags & flag_will_retain) != 0) {  // [MQTT-3.1.2-15]
        in.refuse("has will retain set without a will");
    }
    if ((flags & flag_password) != 0 && (flags & flag_user_name) == 0) {  // [MQTT-3.1.2-22]
        in.refuse("has a password without a user name");
    }
}

Will read_will(FieldReader& in, unsigned flags) {
    Will will;
    will.topic = in.text("will topic");
    if (const auto fault = topic_name_fault(will.topic)) {
        in.refuse(fmt::format("will topic {}", *fault));
    }
    will.payload = to_bytes(in.binary("will message"));
    will.qos = static_cast<QoS>((flags & flags_will_qos) >> will_qos_shift);
    will.retain = (flags & flag_will_retain) != 0;
    return will;
}

unsigned flags_of(const Connect& packet) {
    unsigned flags = 0;
    if (packet.clean_session) flags |= flag_clean_session;
    if (packet.user_name) flags |= flag_user_name;
    if (packet.password) flags |= flag_password;
    if (packet.will) {
        flags |= flag_will;
        flags |= static_cast<unsigned>(packet.will->qos) << will_qos_shift;
        if (packet.will->retain) flags |= flag_will_retain;
    }
    return flags;
}

}  // namespace

std::optional<std::uint8_t> connect_level(const Frame& frame) {
    if (frame.type != PacketType::connect) return std::nullopt;
    FieldReader in(frame.type, frame.body);
    const std::string_view protocol = in.text("protocol name");
    const std::uint8_t level = in.u8();
    if (!in.ok() || protocol != protocol_name) return std::nullopt;
    return level;
}

Result<Packet> decode_connect(BytesView body) {
    FieldReader in(PacketType::connect, body);
    if (in.text("protocol name") != protocol_name) {  // [MQTT-3.1.2-1]
        in.refuse("has a protocol name other than MQTT");
    }
    const std::uint8_t level = in.u8();
    if (level != protocol_level) {  // [MQTT-3.1.2-2]
        in.refuse(
            fmt::format("asks for protocol level {}; only level 4 (MQTT 3.1.1) is spoken", level));
    }
    const unsigned flags = in.u8();
    check_flags(in, flags);

    Connect packet;
    packet.keep_alive_seconds = in.u16();
    packet.client_id = in.text("client id");
    packet.clean_session = (flags & flag_clean_session) != 0;
    if ((flags & flag_will) != 0) packet.will = read_will(in, flags);
    if ((flags & flag_user_name) != 0) packet.user_name = in.text("user name");
    if ((flags & flag_password) != 0) packet.password = to_bytes(in.binary("password"));
    return in.finish(std::move(packet));
}

Result<void> encode(const Connect& packet, Bytes& out) {
    FieldWriter writer(PacketType::connect);
    if (packet.password && !packet.user_name) writer.refuse("has a password without a user name");
    writer.text("protocol name", protocol_name);
    writer.u8(protocol_level);
    writer.u8(static_cast<std::uint8_t>(flags_of(packet)));
    writer.u16(packet.keep_alive_seconds);
    writer.text("client id", packet.client_id);
    if (packet.will) {
        if (const auto fault = topic_name_fault(packet.will->topic)) {
            writer.refuse(fmt::format("will topic {}", *fault));
        }
        writer.text("will topic", packet.will->topic);
        writer.binary("will message", packet.will->payload);
    }
    if (packet.user_name) writer.text("user name", *packet.user_name);
    if (packet.password) writer.binary("password", *packet.password);
    return writer.finish(0, out);
}

Result<Packet> decode_conn_ack(BytesView body) {
    FieldReader in(PacketType::conn_ack, body);
    const std::uint8_t flags = in.u8();
    const std::uint8_t code = in.u8();
    if (flags > 1) in.refuse("has reserved flags set");
    if (code > std::to_underlying(ConnectReturnCode::not_authorized)) {
        in.refuse(fmt::format("has reserved return code {}", code));
    }
    if (code != 0 && flags != 0) {  // [MQTT-3.2.2-4]
        in.refuse("refuses, yet claims a present session");
    }
    return in.finish(ConnAck{.session_present = flags == 1,
                             .return_code = static_cast<ConnectReturnCode>(code)});
}

Result<void> encode(const ConnAck& packet, Bytes& out) {
    FieldWriter writer(PacketType::conn_ack);
    if (packet.session_present && packet.return_code != ConnectReturnCode::accepted) {
        writer.refuse("refuses, yet claims a present session");
    }
    writer.u8(packet.session_present ? 1 : 0);
    writer.u8(std::to_underlying(packet.return_code));
    return writer.finish(0, out);
}

}  // namespace restante::mqtt
