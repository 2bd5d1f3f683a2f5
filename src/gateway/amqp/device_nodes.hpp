#pragma once
// What the links of a device or module lead to besides its messages: features that this hub does
// not have, open as far as the SDKs need it to go on. See link_node.hpp for the life of a node.

#include <deque>

#include "gateway/amqp/amqp_context.hpp"
#include "protocol/amqp/message.hpp"

namespace restante::gateway {

/// `/devices/{d}/messages/events`: telemetry is accepted and discarded, which the log says once a
/// connection.
class EventsTarget final : public TargetNode {
  public:
    EventsTarget(AmqpContext& context, amqp::LinkId link, const Claim& client);
    void on_delivery(amqp::Delivered&& delivery) override;

  private:
    const Claim client_;
};

/// `/devices/{d}/methods/devicebound`, where a device answers method calls: nobody called.
class MethodsTarget final : public TargetNode {
  public:
    MethodsTarget(AmqpContext& context, amqp::LinkId link);
    void on_delivery(amqp::Delivered&& delivery) override;
};

/// `/devices/{d}/twin`, where a device hears about its twin: that there is none.
class TwinSource final : public LinkNode {
  public:
    TwinSource(AmqpContext& context, amqp::LinkId link, const Claim& client);
    ~TwinSource() override;
    void open() override;
    void on_credit(const amqp::CreditGranted& event) override;

    void send(Bytes response);

  private:
    void send_waiting();

    const Claim client_;
    std::deque<Bytes> waiting_;  ///< for credit
    std::uint64_t last_tag_ = 0;
};

/// `/devices/{d}/twin`, where a device asks for its twin.
class TwinTarget final : public TargetNode {
  public:
    TwinTarget(AmqpContext& context, amqp::LinkId link, const Claim& client);
    void on_delivery(amqp::Delivered&& delivery) override;

  private:
    const Claim client_;
};

}  // namespace restante::gateway
