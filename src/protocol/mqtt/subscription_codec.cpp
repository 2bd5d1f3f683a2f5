// SUBSCRIBE, SUBACK and UNSUBSCRIBE (MQTT 3.8 to 3.10).

#include <fmt/format.h>

#include <utility>

#include "protocol/mqtt/body.hpp"
#include "protocol/mqtt/fields.hpp"
#include "protocol/mqtt/topic_filter.hpp"

namespace restante::mqtt {
namespace {

constexpr std::uint8_t request_flags = 0x02;  ///< [MQTT-3.8.1-1, MQTT-3.10.1-1]
constexpr std::uint8_t qos_max = 2;

std::string_view read_filter(FieldReader& in) {
    const std::string_view filter = in.text("topic filter");
    if (const auto fault = topic_filter_fault(filter)) {
        in.refuse(fmt::format("topic filter {}", *fault));
    }
    return filter;
}

void write_filter(FieldWriter& writer, std::string_view filter) {
    if (const auto fault = topic_filter_fault(filter)) {
        writer.refuse(fmt::format("topic filter {}", *fault));
    }
    writer.text("topic filter", filter);
}

void check_count(FieldWriter& writer, std::size_t filters) {
    if (filters == 0) writer.refuse("has no topic filter");
    if (filters > filters_per_packet_max) writer.refuse("has too many topic filters");
}

std::unexpected<Error> too_many_filters(PacketType type) {
    return fail(ErrorCode::protocol_error, fmt::format("{} has more than {} topic filters",
                                                       name(type), filters_per_packet_max));
}

bool is_sub_ack_code(std::uint8_t code) {
    return code <= qos_max || code == subscribe_failure;  // [MQTT-3.9.3-2]
}

}  // namespace

Result<Packet> decode_subscribe(BytesView body) {
    FieldReader in(PacketType::subscribe, body);
    Subscribe packet;
    packet.packet_id = in.packet_id();
    if (in.empty()) in.refuse("has no topic filter");  // [MQTT-3.8.3-3]
    while (!in.empty()) {
        if (packet.subscriptions.size() == filters_per_packet_max) {
            return too_many_filters(PacketType::subscribe);
        }
        const std::string_view filter = read_filter(in);
        const std::uint8_t qos = in.u8();
        if (qos > qos_max)
            in.refuse("has reserved bits or QoS 3 in a requested QoS");  // [MQTT-3-8.3-4]
        packet.subscriptions.push_back(
            {.filter = std::string(filter), .qos = static_cast<QoS>(qos & 3U)});
    }
    return in.finish(std::move(packet));
}

Result<void> encode(const Subscribe& packet, Bytes& out) {
    FieldWriter writer(PacketType::subscribe);
    check_count(writer, packet.subscriptions.size());
    writer.packet_id(packet.packet_id);
    for (const auto& [filter, qos] : packet.subscriptions) {
        write_filter(writer, filter);
        writer.u8(std::to_underlying(qos));
    }
    return writer.finish(request_flags, out);
}

Result<Packet> decode_sub_ack(BytesView body) {
    FieldReader in(PacketType::sub_ack, body);
    SubAck packet;
    packet.packet_id = in.packet_id();
    if (in.empty()) in.refuse("has no return code");
    packet.codes = to_bytes(in.rest());
    for (const std::uint8_t code : packet.codes) {
        if (!is_sub_ack_code(code)) in.refuse(fmt::format("has reserved return code {}", code));
    }
    return in.finish(std::move(packet));
}

Result<void> encode(const SubAck& packet, Bytes& out) {
    FieldWriter writer(PacketType::sub_ack);
    if (packet.codes.empty()) writer.refuse("has no return code");
    writer.packet_id(packet.packet_id);
    for (const std::uint8_t code : packet.codes) {
        if (!is_sub_ack_code(code)) writer.refuse(fmt::format("has reserved return code {}", code));
    }
    return writer.finish(0, out, packet.codes);
}

Result<Packet> decode_unsubscribe(BytesView body) {
    FieldReader in(PacketType::unsubscribe, body);
    Unsubscribe packet;
    packet.packet_id = in.packet_id();
    if (in.empty()) in.refuse("has no topic filter");  // [MQTT-3.10.3-2]
    while (!in.empty()) {
        if (packet.filters.size() == filters_per_packet_max) {
            return too_many_filters(PacketType::unsubscribe);
        }
        packet.filters.emplace_back(read_filter(in));
    }
    return in.finish(std::move(packet));
}

Result<void> encode(const Unsubscribe& packet, Bytes& out) {
    FieldWriter writer(PacketType::unsubscribe);
    check_count(writer, packet.filters.size());
    writer.packet_id(packet.packet_id);
    for (const auto& filter : packet.filters) write_filter(writer, filter);
    return writer.finish(request_flags, out);
}

}  // namespace restante::mqtt
