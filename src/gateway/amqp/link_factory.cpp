#include "gateway/amqp/link_factory.hpp"

#include "gateway/amqp/device_nodes.hpp"
#include "gateway/amqp/devicebound_source.hpp"
#include "gateway/amqp/devicebound_target.hpp"
#include "gateway/amqp/feedback_source.hpp"

namespace restante::gateway {
namespace {

/// What a client calls itself is cut to this in the log, in bytes.
constexpr std::size_t client_version_bytes_max = 256;

std::string client_of(const amqp::Attach& attach) {
    const auto* version = attach.properties.find("com.microsoft:client-version");
    const auto text = version != nullptr ? version->text() : std::nullopt;
    return std::string(text.value_or("").substr(0, client_version_bytes_max));
}

/// The address of our end of the link.
std::string address_of(const amqp::Attach& attach) {
    if (attach.role == amqp::Role::sender) {
        return attach.target ? attach.target->address.value_or("") : "";
    }
    return attach.source ? attach.source->address.value_or("") : "";
}

std::unexpected<Error> no_such_node(const LinkRequest& request) {
    return fail(ErrorCode::address_not_found,
                request.peer_sends() ? "the hub has no such target" : "the hub has no such source");
}

}  // namespace

LinkRequest::LinkRequest(const amqp::AttachRequested& event)
    : link(event.link),
      attach(event.attach),
      address(address_of(*attach)),
      node(wire::parse_link_address(address)) {}

const wire::DeviceTarget* device_of(const wire::LinkAddress& address) {
    return std::visit(
        [](const auto& node) -> const wire::DeviceTarget* {
            if constexpr (requires { node.target; }) {
                return &node.target;
            } else {
                return nullptr;
            }
        },
        address);
}

Result<std::unique_ptr<LinkNode>> make_service_node(AmqpContext& context,
                                                    const LinkRequest& request) {
    const bool target = std::holds_alternative<wire::ServiceDevicebound>(request.node);
    const bool feedback = std::holds_alternative<wire::ServiceboundFeedback>(request.node);
    const bool uploads = std::holds_alternative<wire::ServiceboundFileNotifications>(request.node);
    if (request.peer_sends() ? !target : !feedback && !uploads) return no_such_node(request);
    const auto allowed = context.identities.require(auth::Rights::service_connect);
    if (!allowed) return std::unexpected(allowed.error());
    if (target) return std::make_unique<DeviceboundTarget>(context, request.link);
    if (feedback) {
        return std::make_unique<FeedbackSource>(context, request.link, request.wants_settled());
    }
    return std::make_unique<QuietSource>(context, request.link);
}

Result<std::unique_ptr<LinkNode>> make_device_node(AmqpContext& context, const LinkRequest& request,
                                                   Identities::Grant grant) {
    const amqp::LinkId link = request.link;
    const auto& node = request.node;
    if (request.peer_sends()) {
        if (std::holds_alternative<wire::DeviceEvents>(node)) {
            return std::make_unique<EventsTarget>(context, link, grant.claim);
        }
        if (std::holds_alternative<wire::DeviceMethods>(node)) {
            return std::make_unique<MethodsTarget>(context, link);
        }
        if (std::holds_alternative<wire::DeviceTwin>(node)) {
            return std::make_unique<TwinTarget>(context, link, grant.claim);
        }
        return no_such_node(request);
    }
    // A module hears of no messages: neither of its own nor on the inputs that an edge routes to.
    const bool quiet =
        std::holds_alternative<wire::DeviceMethods>(node) ||
        (grant.claim.module && (std::holds_alternative<wire::DeviceDevicebound>(node) ||
                                std::holds_alternative<wire::DeviceEvents>(node)));
    if (quiet) return std::make_unique<QuietSource>(context, link);
    if (std::holds_alternative<wire::DeviceDevicebound>(node)) {
        return std::make_unique<DeviceboundSource>(context, link, request.wants_settled(),
                                                   std::move(grant), client_of(*request.attach));
    }
    if (std::holds_alternative<wire::DeviceTwin>(node)) {
        return std::make_unique<TwinSource>(context, link, grant.claim);
    }
    return no_such_node(request);
}

}  // namespace restante::gateway
