#pragma once
// Which node an address leads to, for whom.

#include "gateway/amqp/amqp_context.hpp"

namespace restante::gateway {

/// A link the peer asks for, its address read.
struct LinkRequest {
    amqp::LinkId link;
    std::shared_ptr<const amqp::Attach> attach;  // shared with the engine until the answer
    std::string address;                         ///< as written
    wire::LinkAddress node;

    explicit LinkRequest(const amqp::AttachRequested& event);
    bool peer_sends() const { return attach->role == amqp::Role::sender; }
    /// The peer takes deliveries as settled once they are sent.
    bool wants_settled() const {
        return attach->sender_settle_mode == amqp::SenderSettleMode::settled;
    }
};

/// The device whose node is asked for; null when it is none of a device's.
const wire::DeviceTarget* device_of(const wire::LinkAddress& address);

/// A node that services use, `$cbs` apart. Errors: unauthorized, address_not_found.
Result<std::unique_ptr<LinkNode>> make_service_node(AmqpContext& context,
                                                    const LinkRequest& request);

/// A node of a device that may use it. Errors: address_not_found.
Result<std::unique_ptr<LinkNode>> make_device_node(AmqpContext& context, const LinkRequest& request,
                                                   Identities::Grant grant);

}  // namespace restante::gateway
