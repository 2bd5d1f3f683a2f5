#pragma once
// `/devices/{d}/messages/devicebound`, where a device receives what was left for it.
//
// It is attached to the hub from the moment its link is asked for until it is gone: then what the
// device has not settled returns to its queue. See locked_source.hpp.

#include "gateway/amqp/locked_source.hpp"

namespace restante::gateway {

class DeviceboundSource final : public LockedSource {
  public:
    /// `client`: what the device calls itself, for the log.
    DeviceboundSource(AmqpContext& context, amqp::LinkId link, bool settled,
                      Identities::Grant grant, std::string client);
    ~DeviceboundSource() override;

    void open() override;

  private:
    void receive(std::size_t max) override;
    void settle(model::LockToken token, Outcome outcome, hub::Answer<void> answer) override;
    std::string_view who() const override { return device_.value(); }

    const model::DeviceId device_;
    const std::uint64_t identity_version_;
    const std::string client_;
    const hub::AttachmentId attachment_;
};

}  // namespace restante::gateway
