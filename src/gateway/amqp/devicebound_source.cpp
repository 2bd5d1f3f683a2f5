#include "gateway/amqp/devicebound_source.hpp"

#include <fmt/format.h>

#include "wire/amqp_message.hpp"

namespace restante::gateway {
namespace {

/// What the client calls itself, for the log.
std::string client_of(const amqp::Attach& attach) {
    const amqp::Value* version = attach.properties.find("com.microsoft:client-version");
    return std::string(version ? version->text().value_or("") : "");
}

}  // namespace

DeviceboundSource::DeviceboundSource(AmqpContext& context, const amqp::AttachRequested& attach,
                                     Identities::Grant grant)
    : SourceNode(context, attach),
      grant_(std::move(grant)),
      client_(client_of(*attach.attach)),
      attachment_(context.access.hub().new_attachment_id()) {}

DeviceboundSource::~DeviceboundSource() {
    context_.access.hub().detach(attachment_);
}

void DeviceboundSource::open() {
    auto& context = context_;
    const auto on_node = [&context, link = link_](auto work) {
        context.handle.post([&context, link, work = std::move(work)] {
            if (auto* node = context.find<DeviceboundSource>(link)) work(*node);
        });
    };
    hub::DeviceEvents events{
        .message_available = [on_node] { on_node([](auto& node) { node.available(); }); },
        .ended =
            [on_node](const Error& reason) {
                on_node([reason](auto& node) {
                    if (reason.code == ErrorCode::connection_replaced) {
                        return node.context_.end_link(node.link_, reason);
                    }
                    // A copy: the node ends in the call.
                    const model::DeviceId device = node.grant_.device;
                    node.context_.end_device(device, reason);
                });
            }};
    context.access.hub().attach(
        {.id = attachment_,
         .device = grant_.device,
         .identity_version = grant_.proof.identity_version,
         .protocol = hub::Protocol::amqp,
         .peer = fmt::format("{} {}", context.peer.address, client_),
         .events = std::move(events)},
        on_connection<model::MqttSubscriptions>(
            context.handle, [&context, link = link_, device = grant_.device](const auto& attached) {
                if (context.find<DeviceboundSource>(link) == nullptr) return;
                if (!attached) {
                    return context.refuse_link(link, device.value(), attached.error());
                }
                context.engine.accept_attach(link);
            }));
}

void DeviceboundSource::ask(std::size_t max) {
    context_.access.hub().receive(
        attachment_, max,
        on_connection<std::vector<model::LockedMessage>>(
            context_.handle, [&context = context_, link = link_](auto messages) {
                if (auto* node = context.find<DeviceboundSource>(link)) {
                    node->hand_out(std::move(messages));
                }
            }));
}

void DeviceboundSource::hand_out(Result<std::vector<model::LockedMessage>> messages) {
    if (!messages) return context_.end_link(link_, messages.error());
    std::vector<Outgoing> items;
    for (const auto& locked : *messages) {
        items.push_back({.token = locked.token,
                         .locked_until = locked.locked_until,
                         .payload = amqp::encode_message(wire::to_amqp(grant_.device, locked))});
    }
    received(std::move(items));
}

void DeviceboundSource::settle(Decision decision, model::LockToken token,
                               hub::Answer<void> answer) {
    auto& hub = context_.access.hub();
    switch (decision) {
        case Decision::complete:
            return hub.complete(grant_.device, token, core::LateSettlement::refuse,
                                std::move(answer));
        case Decision::abandon:
            return hub.abandon(grant_.device, token, std::move(answer));
        case Decision::reject:
            return hub.reject(grant_.device, token, std::move(answer));
    }
}

}  // namespace restante::gateway
