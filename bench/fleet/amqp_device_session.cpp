#include "amqp_device_session.hpp"

#include <fmt/format.h>

namespace restante::fleet {

AmqpDeviceSession::AmqpDeviceSession(const HubClient& hub, Inbox& inbox, Ended ended)
    : AmqpClientSession(
          {.container = inbox.member().name(),
           .host = hub.host(),
           .audience = fmt::format("{}/devices/{}", hub.host(), inbox.member().name()),
           .token = hub.device_token(inbox.member())},
          std::move(ended)),
      inbox_(inbox) {}

void AmqpDeviceSession::admitted() {
    if (making_sure_) return leave();
    attach_receiver("devicebound",
                    fmt::format("/devices/{}/messages/devicebound", inbox_.member().name()));
}

void AmqpDeviceSession::on_attached(amqp::LinkId link) {
    engine().set_credit_window(link, credit);
    attached_ = true;
    look_whether_complete();
}

void AmqpDeviceSession::on_delivery(amqp::Delivered&& event) {
    const auto message = amqp::decode_message(event.payload);
    if (!message) return give_up(message.error());
    if (message->data.size() != 1) {
        return give_up(Error(ErrorCode::protocol_error, "a message without one data section"));
    }
    if (const auto taken = inbox_.take(message->data.front()); !taken) {
        return give_up(taken.error());
    }
    engine().settle(event.link, event.id, amqp::Accepted{});
    look_whether_complete();
}

void AmqpDeviceSession::look_whether_complete() {
    if (!attached_ || making_sure_ || !inbox_.complete()) return;
    making_sure_ = true;
    put_token();
}

}  // namespace restante::fleet
