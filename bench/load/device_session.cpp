#include "device_session.hpp"

#include <fmt/format.h>

namespace restante::load {

void DeviceSession::start(net::ConnectionHandle, const net::Peer&, Now now) {
    const auto login = broker_.device_login(member_);
    const auto queued = engine_.connect({.client_id = member_.name(),
                                         .user_name = login.user_name,
                                         .password = login.password,
                                         .clean_session = false},
                                        now.steady);
    if (!queued) fault_ = queued.error();
}

void DeviceSession::receive(BytesView bytes, Now now) {
    engine_.receive(bytes, now.steady);
    handle_events();
}

void DeviceSession::advance(Now now) {
    engine_.advance(now.steady);
    handle_events();
}

void DeviceSession::closed(const Error& reason) {
    if (fault_ || !left_) return owner_.ended(member_, fault_.value_or(reason));
    owner_.ended(member_, std::nullopt);
}

void DeviceSession::handle_events() {
    while (auto event = engine_.next_event()) {
        std::visit([this](const auto& e) { on(e); }, *event);
    }
}

void DeviceSession::on(const mqtt::Connected&) {
    const auto asked = engine_.subscribe(
        {{.filter = broker_.device_filter(member_), .qos = mqtt::QoS::at_least_once}});
    if (!asked) fault_ = asked.error();
}

void DeviceSession::on(const mqtt::Refused& event) {
    fault_ = Error(ErrorCode::unauthorized, fmt::format("CONNECT was answered with {}",
                                                        static_cast<int>(event.return_code)));
}

void DeviceSession::on(const mqtt::Subscribed& event) {
    if (event.codes.front() == mqtt::subscribe_failure) {
        fault_ = Error(ErrorCode::protocol_error, "the subscription was refused");
        return engine_.disconnect();
    }
    if (owner_.subscribed(member_)) leave();
}

void DeviceSession::on(const mqtt::MessageReceived& event) {
    if (left_) return;
    engine_.acknowledge(event.publish.packet_id);
    if (owner_.received(member_, event.publish.payload)) leave();
}

void DeviceSession::leave() {
    left_ = true;
    engine_.disconnect();
}

}  // namespace restante::load
