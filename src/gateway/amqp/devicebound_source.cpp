#include "gateway/amqp/devicebound_source.hpp"

#include <fmt/format.h>

#include "wire/amqp_message.hpp"

namespace restante::gateway {
DeviceboundSource::DeviceboundSource(AmqpContext& context, amqp::LinkId link, bool settled,
                                     Identities::Grant grant, std::string client)
    : LockedSource(context, link, settled),
      device_(std::move(grant.claim.device)),
      identity_version_(grant.proof.identity_version),
      client_(std::move(client)),
      attachment_(context.access.hub().new_attachment_id()) {}

DeviceboundSource::~DeviceboundSource() {
    context_.access.hub().detach(attachment_);
}

void DeviceboundSource::open() {
    auto& context = context_;
    hub::AttachRequest request{
        .id = attachment_,
        .device = device_,
        .identity_version = identity_version_,
        .protocol = hub::Protocol::amqp,
        .peer = client_.empty() ? context.peer.address
                                : fmt::format("{} {}", context.peer.address, client_),
        .events = {.message_available =
                       [&context, handle = context.handle, link = link_] {
                           handle.post([&context, link] {
                               if (auto* node = context.find<DeviceboundSource>(link)) node->wake();
                           });
                       },
                   .ended =
                       [&context, handle = context.handle, link = link_](const Error& reason) {
                           // What else ends it ends the proof the link stands on, and so the link.
                           if (reason.code != ErrorCode::connection_replaced) return;
                           handle.post(
                               [&context, link, reason] { context.end_link(link, reason); });
                       }}};
    context.access.hub().attach(
        std::move(request),
        on_connection<model::MqttSubscriptions>(
            context.handle, [&context, link = link_, device = device_](const auto& attached) {
                if (context.find<DeviceboundSource>(link) == nullptr) return;
                if (attached) {
                    context.engine.accept_attach(link);
                } else {
                    context.refuse_link(link, wire::devicebound_to(device), attached.error());
                }
            }));
}

void DeviceboundSource::receive(std::size_t max) {
    context_.access.hub().receive(
        attachment_, max,
        on_connection<std::vector<model::LockedMessage>>(
            context_.handle, [&context = context_, link = link_, device = device_](auto messages) {
                auto* node = context.find<DeviceboundSource>(link);
                if (node == nullptr) return;
                if (!messages) return context.end_link(link, messages.error());
                std::vector<Item> items;
                for (const auto& locked : *messages) {
                    items.push_back(
                        {.token = locked.token,
                         .locked_until = locked.locked_until,
                         .payload = amqp::encode_message(wire::to_amqp(device, locked))});
                }
                node->received(std::move(items));
            }));
}

void DeviceboundSource::settle(model::LockToken token, Outcome outcome, hub::Answer<void> answer) {
    auto& hub = context_.access.hub();
    switch (outcome) {
        case Outcome::complete:
            return hub.complete(device_, token, std::move(answer));
        case Outcome::abandon:
            return hub.abandon(device_, token, std::move(answer));
        case Outcome::reject:
            return hub.reject(device_, token, std::move(answer));
    }
}

}  // namespace restante::gateway
