#include "hub_session.hpp"

#include <fmt/format.h>

#include <utility>

#include "core.hpp"

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
                                "exists and is enabled, that its key or token is right, and that "
                                "this machine's clock is",
                                number)};
        default:
            return {FailureKind::protocol,
                    fmt::format("the hub refuses this client's CONNECT (CONNACK {})", number)};
    }
}

}  // namespace

void HubSession::start(net::ConnectionHandle handle, const net::Peer&, Now now) {
    handle_ = std::move(handle);
    if (core_ != nullptr) core_->on_established();
    if (auto queued = engine_.connect(packet_, now.steady); !queued) {
        failure_ = Failure{FailureKind::protocol, queued.error().message};
        engine_.disconnect();
    }
    packet_ = mqtt::Connect();  // the token has no further use here
}

void HubSession::receive(BytesView bytes, Now now) {
    engine_.receive(bytes, now.steady);
    handle_events();
}

void HubSession::advance(Now now) {
    engine_.advance(now.steady);
    handle_events();
}

void HubSession::closed(const Error& reason) {
    if (core_ == nullptr) return;
    if (!failure_) failure_ = failure_of(reason, accepted_);
    std::exchange(core_, nullptr)->on_ended(*std::move(failure_));
}

void HubSession::subscribe(std::string filter) {
    // Refused only on a connection that is over, or with 64 requests unanswered: the deadline of
    // the request answers for both.
    static_cast<void>(
        engine_.subscribe({{.filter = std::move(filter), .qos = mqtt::QoS::at_least_once}}));
}

void HubSession::unsubscribe(std::string filter) {
    static_cast<void>(engine_.unsubscribe({std::move(filter)}));
}

void HubSession::handle_events() {
    while (auto event = engine_.next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

void HubSession::on(const mqtt::Connected& event) {
    accepted_ = true;
    if (core_ != nullptr) core_->on_accepted(event.session_present);
}

void HubSession::on(const mqtt::Refused& event) {
    failure_ = explain(event.return_code);
}

void HubSession::on(const mqtt::Subscribed& event) {
    const bool granted = !event.codes.empty() && event.codes.front() != mqtt::subscribe_failure;
    if (core_ != nullptr) core_->on_subscribed(granted);
}

void HubSession::on(const mqtt::Unsubscribed&) {
    if (core_ != nullptr) core_->on_unsubscribed();
}

void HubSession::on(mqtt::MessageReceived&& event) {
    if (core_ == nullptr) return;
    const mqtt::PacketId id = event.publish.packet_id;
    std::function<void()> acknowledge;
    if (id != 0) {
        // Runs while the connection stands, hence while this session lives, or not at all.
        acknowledge = [this, handle = handle_, id] {
            handle.post([this, id] { engine_.acknowledge(id); });
        };
    }
    core_->on_message(std::move(event.publish), std::move(acknowledge));
}

void HubSession::on(const mqtt::Failed& event) {
    failure_ = failure_of(event.error, accepted_);
}

}  // namespace restante::device
