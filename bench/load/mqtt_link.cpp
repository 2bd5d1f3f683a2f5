#include "mqtt_link.hpp"

#include <fmt/format.h>

namespace restante::load {

MqttLink::MqttLink(std::size_t window, SenderOwner& owner)
    : window_(window), owner_(owner), engine_(mqtt::ClientLimits{.in_flight_max = window + 1}) {}

void MqttLink::start(net::ConnectionHandle, const net::Peer&, Now now) {
    const auto queued = engine_.connect(
        {.client_id = fmt::format("load-sender-{}", reinterpret_cast<std::uintptr_t>(this)),
         .clean_session = true},
        now.steady);
    if (!queued) fault_ = queued.error();
}

void MqttLink::receive(BytesView bytes, Now now) {
    engine_.receive(bytes, now.steady);
    handle_events();
}

void MqttLink::advance(Now now) {
    engine_.advance(now.steady);
    handle_events();
}

void MqttLink::closed(const Error& reason) {
    if (fault_ || !left_) return owner_.ended(fault_.value_or(reason));
    owner_.ended(std::nullopt);
}

void MqttLink::handle_events() {
    while (auto event = engine_.next_event()) {
        std::visit([this](const auto& e) { on(e); }, *event);
    }
}

void MqttLink::on(const mqtt::Connected&) {
    connected_ = true;
    owner_.ready(*this);
}

void MqttLink::on(const mqtt::Refused& event) {
    fault_ = Error(ErrorCode::unauthorized, fmt::format("CONNECT was answered with {}",
                                                        static_cast<int>(event.return_code)));
}

Result<void> MqttLink::send(const Member& to, BytesView body, std::uint64_t ticket) {
    const auto sent = engine_.publish(
        {.topic = topic_of(to), .payload = to_bytes(body), .qos = mqtt::QoS::at_least_once});
    if (!sent) return std::unexpected(sent.error());
    tickets_.emplace(*sent, ticket);
    return {};
}

void MqttLink::on(const mqtt::Acknowledged& event) {
    const auto sent = tickets_.find(event.packet_id);
    if (sent == tickets_.end()) return;
    const std::uint64_t ticket = sent->second;
    tickets_.erase(sent);
    owner_.acknowledged(ticket);
    owner_.ready(*this);
}

void MqttLink::leave() {
    left_ = true;
    engine_.disconnect();
}

}  // namespace restante::load
