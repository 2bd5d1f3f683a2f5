#pragma once
// One AMQP connection of a service or of devices: how it proves who it is, and which nodes its
// links lead to.
//
// Owned by its connection, lives on that connection's loop (net/session.hpp). A connection ends
// when its peer closes it, breaks the protocol, falls silent, or when the last of what proved it
// ends: expired, or no longer proved by the hub's keyring.

#include <memory>

#include "gateway/amqp/amqp_context.hpp"
#include "gateway/amqp/cbs_node.hpp"
#include "gateway/amqp/link_factory.hpp"
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
    bool proved() const override { return context_ && context_->engine.started(); }
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
    void sasl_proved(std::string_view who, const Result<void>& proved);
    void add_link(amqp::LinkId link, AmqpContext::Link entry);
    void open_client_link(LinkRequest request, const wire::DeviceTarget& target);

    const Access& access_;
    std::unique_ptr<AmqpContext> context_;
    std::unique_ptr<CbsNode> cbs_;
    net::Broadcast::Subscription keyring_replaced_;
};

}  // namespace restante::gateway
