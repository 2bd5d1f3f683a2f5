#include "mqtt_login.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "protocol/mqtt/codec.hpp"

namespace restante::storm {
namespace {

constexpr std::uint8_t awaits_connack = 0;
constexpr std::uint8_t awaits_suback = 1;

constexpr std::size_t packet_bytes_max = 1 << 20;

template <class Packet>
Bytes encoded(const Packet& packet) {
    Bytes bytes;
    if (const auto done = mqtt::encode(packet, bytes); !done) {
        throw std::runtime_error(done.error().message);
    }
    return bytes;
}

}  // namespace

MqttLogin::MqttLogin(const Options& options) : options_(options) {
    if (options.restante_connection_string.empty()) return;
    hub_.emplace(options.restante_connection_string);
}

void MqttLogin::prepare(std::size_t count) {
    connects_.reserve(count);
    for (std::size_t number = connects_.size() + 1; number <= count; ++number) {
        connects_.push_back(connect_packet(fleet::Member(number)));
    }
}

Bytes MqttLogin::connect_packet(const fleet::Member& member) const {
    mqtt::Connect packet{.client_id = member.name(), .clean_session = false};
    if (hub_) {
        packet.user_name = hub_->mqtt_user_name(member);
        packet.password = to_bytes(hub_->device_token(member));
    }
    return encoded(packet);
}

Bytes MqttLogin::subscribe_packet(const fleet::Member& member) const {
    std::string filter = address_of(options_, member.name());
    return encoded(mqtt::Subscribe{
        .packet_id = 1,
        .subscriptions = {{.filter = std::move(filter), .qos = mqtt::QoS::at_least_once}}});
}

Result<Turn> MqttLogin::hear(std::size_t number, std::uint8_t stage, BytesView heard) {
    const auto frame = mqtt::parse_frame(heard, packet_bytes_max);
    if (!frame) return std::unexpected(frame.error());
    if (!*frame) return Turn{.stage = stage};
    // Messages that wait for the device may come before SUBACK; they stay unacknowledged.
    if ((*frame)->type == mqtt::PacketType::publish) {
        return Turn{.consumed = (*frame)->size, .stage = stage};
    }
    const auto packet = mqtt::decode(**frame);
    if (!packet) return std::unexpected(packet.error());
    if (const auto* ack = std::get_if<mqtt::ConnAck>(&*packet); ack && stage == awaits_connack) {
        if (ack->return_code != mqtt::ConnectReturnCode::accepted) {
            return fail(ErrorCode::unauthorized, fmt::format("CONNECT was answered with {}",
                                                             static_cast<int>(ack->return_code)));
        }
        return Turn{.consumed = (*frame)->size,
                    .stage = awaits_suback,
                    .say = subscribe_packet(fleet::Member(number))};
    }
    if (const auto* ack = std::get_if<mqtt::SubAck>(&*packet); ack && stage == awaits_suback) {
        if (ack->codes.front() == mqtt::subscribe_failure) {
            return fail(ErrorCode::protocol_error, "the subscription was refused");
        }
        return Turn{.consumed = (*frame)->size, .stage = stage, .ready = true};
    }
    return fail(ErrorCode::protocol_error,
                fmt::format("{} came out of turn", mqtt::name((*frame)->type)));
}

Bytes MqttLogin::farewell(std::size_t) {
    return encoded(mqtt::Disconnect{});
}

}  // namespace restante::storm
