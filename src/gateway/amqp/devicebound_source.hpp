#pragma once
// `/devices/{d}/messages/devicebound`: where a device receives its messages. One for each link; a
// newer link of the same device, on any connection, replaces it.

#include "gateway/amqp/source_node.hpp"

namespace restante::gateway {

class DeviceboundSource final : public SourceNode {
  public:
    DeviceboundSource(AmqpContext& context, const amqp::AttachRequested& attach,
                      Identities::Grant grant);
    ~DeviceboundSource() override;

    void open() override;

  protected:
    void ask(std::size_t max) override;
    void settle(Decision decision, model::LockToken token, hub::Answer<void> answer) override;

  private:
    void hand_out(Result<std::vector<model::LockedMessage>> messages);

    const Identities::Grant grant_;
    const std::string client_;
    const hub::AttachmentId attachment_;
};

}  // namespace restante::gateway
