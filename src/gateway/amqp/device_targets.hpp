#pragma once
// Where a device sends: its telemetry, its answers to methods, its twin requests. This hub carries
// messages to devices, so none of them leads anywhere; but SDKs open these links before or beside
// the one that counts, and must not wait for ever.

#include <deque>

#include "gateway/amqp/amqp_context.hpp"

namespace restante::gateway {

/// `/devices/{d}/messages/events` and `/devices/{d}/methods/devicebound`: taken and dropped.
class DiscardingTarget final : public TargetNode {
  public:
    DiscardingTarget(AmqpContext& context, amqp::LinkId link, model::DeviceId device);
    void on_delivery(amqp::Delivered&& delivery) override;

  private:
    model::DeviceId device_;
};

/// `/devices/{d}/twin`, towards the hub: each request is answered with status 501, on the device's
/// link from the hub.
class TwinTarget final : public TargetNode {
  public:
    TwinTarget(AmqpContext& context, amqp::LinkId link, model::DeviceId device);
    void on_delivery(amqp::Delivered&& delivery) override;

  private:
    model::DeviceId device_;
};

/// `/devices/{d}/twin`, towards the device.
class TwinSource final : public LinkNode {
  public:
    TwinSource(AmqpContext& context, amqp::LinkId link, model::DeviceId device);
    ~TwinSource() override;

    void open() override;
    void on_credit(const amqp::CreditGranted& event) override;
    void refuse(const amqp::Value& correlation_id);

  private:
    void send();

    /// Refusals that wait for credit; a device that asks on without granting any gets no more.
    static constexpr std::size_t waiting_max = 16;

    model::DeviceId device_;
    std::deque<Bytes> waiting_;
    std::uint64_t last_tag_ = 0;
};

}  // namespace restante::gateway
