#include "amqp_link.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_reader.hpp"
#include "wire/amqp_message.hpp"

namespace restante::load {
namespace {

std::string refusal(const std::optional<amqp::DeliveryState>& state) {
    const auto* rejected = state ? std::get_if<amqp::Rejected>(&*state) : nullptr;
    if (rejected == nullptr || !rejected->error) return "a message was not accepted";
    return fmt::format("a message was rejected: {} {}", rejected->error->condition,
                       rejected->error->description);
}

}  // namespace

AmqpLink::AmqpLink(const Broker& broker, std::string target, std::size_t window, SenderOwner& owner)
    : AmqpClientSession({.container = "load-sender",
                         .host = broker.host(),
                         .audience = broker.host(),
                         .token = broker.policy_token()},
                        [&owner](auto fault) { owner.ended(std::move(fault)); }),
      to_hub_(broker.policy_token().has_value()),
      target_(std::move(target)),
      window_(window),
      owner_(owner) {}

bool AmqpLink::can_send() const {
    return link_ && tickets_.size() < window_ && has_credit(*link_);
}

Bytes AmqpLink::encode(const Member& to, BytesView body, std::uint64_t ticket) const {
    if (to_hub_) {
        model::CloudToDeviceMessage message;
        message.message_id = fmt::format("{}-{}", to.name(), ticket);
        message.to = fmt::format("/devices/{}/messages/devicebound", to.name());
        message.body = to_bytes(body);
        return amqp::encode_message(wire::to_amqp(message));
    }
    amqp::Message message;
    message.header.emplace().durable = true;
    std::string key = topic_of(to);
    std::ranges::replace(key, '/', '.');
    message.properties.emplace().subject = std::move(key);
    message.properties->message_id = amqp::Value(fmt::format("{}-{}", to.name(), ticket));
    message.data.push_back(to_bytes(body));
    return amqp::encode_message(message);
}

Result<void> AmqpLink::send(const Member& to, BytesView body, std::uint64_t ticket) {
    Bytes tag;
    ByteWriter(tag).u64(ticket);
    const Bytes payload = encode(to, body, ticket);
    const auto sent = engine().send(*link_, {.tag = tag, .payload = payload});
    if (!sent) return std::unexpected(sent.error());
    tickets_.emplace(*sent, ticket);
    return {};
}

void AmqpLink::on_disposition(const amqp::DispositionReceived& event) {
    const auto sent = tickets_.find(event.id);
    if (event.link != link_ || sent == tickets_.end()) return;
    const std::uint64_t ticket = sent->second;
    tickets_.erase(sent);
    if (!event.settled) engine().settle_sent(event.link, event.id, amqp::Accepted{});
    if (event.state && std::holds_alternative<amqp::Accepted>(*event.state)) {
        owner_.acknowledged(ticket);
    } else {
        owner_.refused(refusal(event.state));
    }
    owner_.ready(*this);
}

}  // namespace restante::load
