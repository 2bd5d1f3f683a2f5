#pragma once
// One AMQP connection: how it proves who it is, and which nodes its links lead to.
//
// Owned by its connection, lives on that connection's loop (net/session.hpp). A connection ends
// when its peer closes it, breaks the protocol, falls silent, or lets its token expire.

#include <memory>

#include "gateway/amqp/cbs_node.hpp"
#include "net/session.hpp"

namespace restante::gateway {

class AmqpSession final : public net::Session {
  public:
    explicit AmqpSession(const Access& access) : access_(access) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool finished() const override { return context_ && context_->engine.finished(); }
    void closed(const Error& reason) override;

  private:
    void handle_events();
    void on(amqp::SaslRequested&& event);
    void on(amqp::AttachRequested&& event);
    void on(amqp::Delivered&& event);
    void on(amqp::CreditGranted&& event);
    void on(amqp::DispositionReceived&& event);
    void on(amqp::Detached&& event);
    void on(amqp::Failed&& event);
    void on(amqp::Opened&&) {}
    void on(amqp::Began&&) {}
    void on(amqp::Attached&&) {}
    void on(amqp::Ended&&) {}
    void on(amqp::Closed&&) {}

    void authenticate_plain(BytesView response);
    void proved(const Result<void>& result, std::string_view who);
    Result<std::unique_ptr<LinkNode>> make_service_node(const amqp::AttachRequested& attach,
                                                        const wire::LinkAddress& address);
    void attach_device(const amqp::AttachRequested& attach, const wire::LinkAddress& address,
                       const wire::DeviceTarget& target);
    void open(amqp::LinkId link, std::unique_ptr<LinkNode> node,
              const Identities::Grant* grant = nullptr);

    const Access& access_;
    std::unique_ptr<CbsNode> cbs_;  // before the context, whose links end with a last word to it
    std::unique_ptr<AmqpContext> context_;
};

}  // namespace restante::gateway
