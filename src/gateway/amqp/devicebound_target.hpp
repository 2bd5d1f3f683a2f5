#pragma once
// `/messages/devicebound`, where service clients leave messages for devices. A message is accepted
// once it is on disk; what cannot be taken is rejected with the service's own condition.
//
// One for each link; see link_node.hpp for its life.

#include "gateway/amqp/amqp_context.hpp"
#include "wire/amqp_message.hpp"

namespace restante::gateway {

class DeviceboundTarget final : public TargetNode {
  public:
    DeviceboundTarget(AmqpContext& context, amqp::LinkId link)
        : TargetNode(context, link,
                     {.credit = credit, .message_bytes_max = encoded_message_bytes_max}) {}

    void on_delivery(amqp::Delivered&& delivery) override;

    /// Deliveries one link may have under way: enough to keep the disk busy from one connection.
    static constexpr std::uint32_t credit = 512;
    /// The hub's own limit counts bodies and texts; this one, told in the attach, the encoding.
    static constexpr std::uint64_t encoded_message_bytes_max = 256 * 1024;
};

}  // namespace restante::gateway
