#include "mqtt_device_session.hpp"

#include <fmt/format.h>

#include "wire/topic.hpp"

namespace restante::fleet {

void MqttDeviceSession::start(net::ConnectionHandle, const net::Peer&, Now now) {
    const Member& member = inbox_.member();
    const auto queued = engine_.connect(
        {.client_id = member.name(),
         .user_name = wire::mqtt_username(hub_.host(), member.id(), std::nullopt, "fleet"),
         .password = to_bytes(hub_.device_token(member)),
         .keep_alive_seconds = 120,
         .clean_session = false},
        now.steady);
    if (!queued) give_up(queued.error());
}

void MqttDeviceSession::receive(BytesView bytes, Now now) {
    engine_.receive(bytes, now.steady);
    handle_events();
}

void MqttDeviceSession::advance(Now now) {
    engine_.advance(now.steady);
    handle_events();
}

void MqttDeviceSession::closed(const Error& reason) {
    if (fault_ || !left_) return ended_(fault_.value_or(reason));
    ended_(std::nullopt);
}

void MqttDeviceSession::handle_events() {
    while (auto event = engine_.next_event()) {
        std::visit([this](const auto& e) { on(e); }, *event);
    }
}

void MqttDeviceSession::on(const mqtt::Connected&) {
    subscribe();
}

void MqttDeviceSession::on(const mqtt::Refused& event) {
    fault_ = Error(ErrorCode::unauthorized, fmt::format("CONNECT was answered with {}",
                                                        static_cast<int>(event.return_code)));
}

void MqttDeviceSession::subscribe() {
    const auto asked = engine_.subscribe({{.filter = wire::devicebound_filter(inbox_.member().id()),
                                           .qos = mqtt::QoS::at_least_once}});
    if (!asked) give_up(asked.error());
}

void MqttDeviceSession::on(const mqtt::Subscribed& event) {
    if (event.codes.front() == mqtt::subscribe_failure) {
        return give_up(Error(ErrorCode::protocol_error, "the subscription was refused"));
    }
    if (making_sure_) {
        left_ = true;
        return engine_.disconnect();
    }
    subscribed_ = true;
    look_whether_complete();
}

void MqttDeviceSession::on(const mqtt::MessageReceived& event) {
    if (const auto taken = inbox_.take(event.publish.payload); !taken) {
        return give_up(taken.error());
    }
    engine_.acknowledge(event.publish.packet_id);
    look_whether_complete();
}

void MqttDeviceSession::look_whether_complete() {
    if (!subscribed_ || making_sure_ || !inbox_.complete()) return;
    making_sure_ = true;
    subscribe();
}

void MqttDeviceSession::on(const mqtt::Failed& event) {
    if (!fault_) fault_ = event.error;
}

void MqttDeviceSession::give_up(Error fault) {
    if (!fault_) fault_ = std::move(fault);
    engine_.disconnect();
}

}  // namespace restante::fleet
