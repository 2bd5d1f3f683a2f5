#include "mqtt_session.hpp"

#include <fmt/format.h>

#include <utility>

#include "core.hpp"
#include "message_properties.hpp"
#include "wire/topic.hpp"

namespace restante::device {
namespace {

/// CONNACK's answer in the words of the person who must mend it.
Failure explain(mqtt::ConnectReturnCode code) {
    const int number = static_cast<int>(code);
    switch (code) {
        case mqtt::ConnectReturnCode::server_unavailable:
            return {FailureKind::failed, "the hub is not available now (CONNACK 3)"};
        case mqtt::ConnectReturnCode::bad_user_name_or_password:
        case mqtt::ConnectReturnCode::not_authorized:
            return {FailureKind::credential,
                    fmt::format("the hub refuses the device (CONNACK {}): check that the device "
                                "exists and is enabled, that its key, token or certificate is "
                                "right, and that this machine's clock is",
                                number)};
        default:
            return {FailureKind::protocol,
                    fmt::format("the hub refuses this client's CONNECT (CONNACK {})", number)};
    }
}

mqtt::Connect make_connect(const Configuration& configuration, std::string token) {
    mqtt::Connect packet;
    packet.client_id = configuration.identity.client_id();
    packet.user_name =
        wire::mqtt_username(configuration.hub, configuration.identity.device,
                            configuration.identity.module, configuration.client_type());
    packet.keep_alive_seconds =
        static_cast<std::uint16_t>(configuration.options.keep_alive.count());
    if (!token.empty()) packet.password = to_bytes(token);
    return packet;
}

}  // namespace

MqttSession::MqttSession(Core& core, const Configuration& configuration, std::string token)
    : HubSession(core),
      configuration_(configuration),
      packet_(make_connect(configuration, std::move(token))) {}

void MqttSession::start(net::ConnectionHandle handle, const net::Peer&, Now now) {
    handle_ = std::move(handle);
    if (core_ != nullptr) core_->on_established();
    if (auto queued = engine_.connect(packet_, now.steady); !queued) {
        failure_ = Failure{FailureKind::protocol, queued.error().message};
        engine_.disconnect();
    }
    packet_ = mqtt::Connect();  // the token has no further use here
}

void MqttSession::receive(BytesView bytes, Now now) {
    engine_.receive(bytes, now.steady);
    handle_events();
}

void MqttSession::advance(Now now) {
    engine_.advance(now.steady);
    handle_events();
}

// A request is refused only on a connection that is over, or with 64 of them unanswered: the
// deadline of the request answers for both.

void MqttSession::subscribe() {
    static_cast<void>(
        engine_.subscribe({{.filter = wire::devicebound_filter(configuration_.identity.device),
                            .qos = mqtt::QoS::at_least_once}}));
}

void MqttSession::unsubscribe() {
    static_cast<void>(
        engine_.unsubscribe({wire::devicebound_filter(configuration_.identity.device)}));
}

Outcome MqttSession::send(std::uint64_t number, const Message& message) {
    const Identity& identity = configuration_.identity;
    const auto topic =
        wire::telemetry_topic(identity.device, identity.module, to_properties(message));
    if (!topic) return Failure{FailureKind::refused, topic.error().message};
    const auto id = engine_.publish({.topic = *topic,
                                     .payload = to_bytes(message.data),
                                     .packet_id = 0,
                                     .qos = mqtt::QoS::at_least_once});
    if (id) {
        sent_.insert_or_assign(*id, number);
    } else if (!engine_.finished()) {  // else the end that follows tells it
        return Failure{FailureKind::refused, id.error().message};
    }
    return std::nullopt;
}

void MqttSession::handle_events() {
    while (auto event = engine_.next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

void MqttSession::on(const mqtt::Connected& event) {
    accepted_ = true;
    if (core_ != nullptr) core_->on_accepted(event.session_present);
}

void MqttSession::on(const mqtt::Refused& event) {
    failure_ = explain(event.return_code);
}

void MqttSession::on(const mqtt::Subscribed& event) {
    const bool granted = !event.codes.empty() && event.codes.front() != mqtt::subscribe_failure;
    if (core_ != nullptr) core_->on_subscribed(granted);
}

void MqttSession::on(const mqtt::Unsubscribed&) {
    if (core_ != nullptr) core_->on_unsubscribed();
}

void MqttSession::on(mqtt::MessageReceived&& event) {
    if (core_ == nullptr) return;
    const mqtt::PacketId id = event.publish.packet_id;
    Settle settle;
    if (id != 0) {
        // Runs while the connection stands, hence while this session lives, or not at all. MQTT has
        // no word but "received": without it the message stays with the hub.
        settle = [this, handle = handle_, id](Settlement settlement) {
            if (settlement != Settlement::complete) return;
            handle.post([this, id] { engine_.acknowledge(id); });
        };
    }
    const auto discard = [&](std::string_view why) {
        // Acknowledged all the same: the hub would only send it again, and stop at ten of them.
        if (settle) settle(Settlement::complete);
        core_->on_discarded(why);
    };
    const auto bag = wire::devicebound_bag(configuration_.identity.device, event.publish.topic);
    if (!bag) return discard("it came on a topic that is not this device's");
    auto properties = wire::from_property_bag(*bag);
    if (!properties) return discard(properties.error().message);
    core_->on_message(to_message(*std::move(properties), event.publish.payload), std::move(settle));
}

void MqttSession::on(const mqtt::Acknowledged& event) {
    const auto sent = sent_.find(event.packet_id);
    if (sent == sent_.end()) return;
    const std::uint64_t number = sent->second;
    sent_.erase(sent);
    if (core_ != nullptr) core_->on_sent(number, std::nullopt);
}

void MqttSession::on(const mqtt::Failed& event) {
    failure_ = failure_of(event.error, accepted_);
}

}  // namespace restante::device
