// PUBLISH (MQTT 3.3).

#include <fmt/format.h>

#include <utility>

#include "protocol/mqtt/body.hpp"
#include "protocol/mqtt/fields.hpp"
#include "protocol/mqtt/topic_filter.hpp"

namespace restante::mqtt {
namespace {

// Flags of the fixed header (MQTT 3.3.1).
constexpr unsigned flag_dup = 0x08;
constexpr unsigned flag_retain = 0x01;
constexpr unsigned qos_mask = 3;
constexpr unsigned qos_shift = 1;

}  // namespace

/// `flags` have passed parse_frame(): no QoS 3, no DUP with QoS 0.
Result<Packet> decode_publish(std::uint8_t flags, BytesView body) {
    FieldReader in(PacketType::publish, body);
    Publish packet;
    packet.qos = static_cast<QoS>(flags >> qos_shift & qos_mask);
    packet.dup = (flags & flag_dup) != 0;
    packet.retain = (flags & flag_retain) != 0;
    packet.topic = in.text("topic");
    if (const auto fault = topic_name_fault(packet.topic)) {
        in.refuse(fmt::format("topic {}", *fault));
    }
    if (packet.qos != QoS::at_most_once) packet.packet_id = in.packet_id();
    packet.payload = to_bytes(in.rest());
    return in.finish(std::move(packet));
}

Result<void> encode(const Publish& packet, Bytes& out) {
    FieldWriter writer(PacketType::publish);
    if (const auto fault = topic_name_fault(packet.topic)) {
        writer.refuse(fmt::format("topic {}", *fault));
    }
    writer.text("topic", packet.topic);
    unsigned flags = static_cast<unsigned>(packet.qos) << qos_shift;
    if (packet.dup) flags |= flag_dup;
    if (packet.retain) flags |= flag_retain;
    if (packet.qos != QoS::at_most_once) {
        writer.packet_id(packet.packet_id);
    } else if (packet.dup) {
        writer.refuse("has DUP set with QoS 0");
    } else if (packet.packet_id != 0) {
        writer.refuse("has a packet id with QoS 0");  // [MQTT-2.3.1-5]
    }
    return writer.finish(static_cast<std::uint8_t>(flags), out, packet.payload);
}

}  // namespace restante::mqtt
