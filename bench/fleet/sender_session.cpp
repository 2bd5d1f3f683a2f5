#include "sender_session.hpp"

#include <fmt/format.h>

#include "base/byte_reader.hpp"
#include "wire/amqp_message.hpp"

namespace restante::fleet {
namespace {

std::string refusal(const std::optional<amqp::DeliveryState>& state) {
    const auto* rejected = state ? std::get_if<amqp::Rejected>(&*state) : nullptr;
    if (rejected == nullptr || !rejected->error) return "not accepted";
    return fmt::format("{} {}", rejected->error->condition, rejected->error->description);
}

}  // namespace

SenderSession::SenderSession(const HubClient& hub, Share share, Tally& tally, Ended ended)
    : AmqpClientSession({.container = fmt::format("fleet-sender-{}", share.first),
                         .host = hub.host(),
                         .audience = hub.host(),
                         .token = hub.policy_token()},
                        std::move(ended)),
      share_(share),
      tally_(tally),
      next_{.device = share.first, .message = 1} {}

void SenderSession::admitted() {
    link_ = attach_sender("devicebound", "/messages/devicebound");
}

void SenderSession::pump() {
    while (unsettled_.size() < share_.window && next_.message <= share_.each &&
           engine().can_send(link_)) {
        if (!send_one()) return;
    }
    if (next_.message > share_.each && unsettled_.empty()) leave();
}

bool SenderSession::send_one() {
    Bytes tag;
    ByteWriter(tag).u64(++last_tag_);
    const auto message = Member(next_.device).message(next_.message, share_.bytes);
    const Bytes payload = amqp::encode_message(wire::to_amqp(message));
    const auto sent = engine().send(link_, {.tag = tag, .payload = payload});
    if (!sent) {
        give_up(sent.error());
        return false;
    }
    unsettled_.emplace(*sent, next_);
    next_.device += share_.stride;
    if (next_.device > share_.count) next_ = {.device = share_.first, .message = next_.message + 1};
    return true;
}

void SenderSession::on_disposition(const amqp::DispositionReceived& event) {
    const auto sent = unsettled_.find(event.id);
    if (event.link != link_ || sent == unsettled_.end()) return;
    if (event.state && std::holds_alternative<amqp::Accepted>(*event.state)) {
        ++tally_.counts["accepted"];
    } else {
        tally_.error(fmt::format("message {} to {}: {}", sent->second.message,
                                 Member(sent->second.device).name(), refusal(event.state)));
    }
    unsettled_.erase(sent);
    if (!event.settled) engine().settle_sent(event.link, event.id, amqp::Accepted{});
    pump();
}

}  // namespace restante::fleet
