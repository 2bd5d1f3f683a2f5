#pragma once
// `/messages/servicebound/feedback`: where services hear what became of their messages. Any number
// of links; each batch goes to one of them. See locked_source.hpp.

#include "gateway/amqp/locked_source.hpp"

namespace restante::gateway {

class FeedbackSource final : public LockedSource {
  public:
    FeedbackSource(AmqpContext& context, amqp::LinkId link, bool settled);
    ~FeedbackSource() override;

    void open() override;

  private:
    void receive(std::size_t max) override;
    void settle(model::LockToken token, Outcome outcome, hub::Answer<void> answer) override;
    std::string_view who() const override { return "feedback"; }

    const hub::AttachmentId receiver_;
};

}  // namespace restante::gateway
