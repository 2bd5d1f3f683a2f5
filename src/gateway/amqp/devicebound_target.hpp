#pragma once
// `/messages/devicebound`, where service clients leave messages for devices. A message is accepted
// once it is on disk; what cannot be taken is rejected with the service's own condition.
//
// One for each link; see link_node.hpp for its life.

#include "gateway/amqp/amqp_context.hpp"

namespace restante::gateway {

class DeviceboundTarget final : public TargetNode {
  public:
    DeviceboundTarget(AmqpContext& context, amqp::LinkId link);

    void on_delivery(amqp::Delivered&& delivery) override;
};

}  // namespace restante::gateway
