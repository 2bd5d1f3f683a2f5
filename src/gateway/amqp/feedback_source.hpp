#pragma once
// `/messages/servicebound/feedback`: where services hear what became of their messages. Any number
// of links; each batch goes to one of them.

#include "gateway/amqp/source_node.hpp"

namespace restante::gateway {

class FeedbackSource final : public SourceNode {
  public:
    FeedbackSource(AmqpContext& context, const amqp::AttachRequested& attach);
    ~FeedbackSource() override;

    void open() override;

  protected:
    void ask(std::size_t max) override;
    void settle(Decision decision, model::LockToken token, hub::Answer<void> answer) override;

  private:
    void hand_out(Result<std::vector<model::LockedFeedback>> batches);

    const hub::AttachmentId receiver_;
};

}  // namespace restante::gateway
