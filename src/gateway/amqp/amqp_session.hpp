#pragma once
// One AMQP connection: how it proves who it is, and which nodes its links lead to.
//
// Owned by its connection, lives on that connection's loop (net/session.hpp). A connection ends
// when its peer closes it, breaks the protocol, falls silent, or lets its token expire.

#include <memory>
#include <unordered_map>

#include "gateway/amqp/cbs_node.hpp"
#include "gateway/amqp/link_node.hpp"
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
    struct Link {
        amqp::SessionId session;
        std::unique_ptr<LinkNode> node;  ///< null on links of `$cbs`
    };

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

    Result<void> authenticate_plain(BytesView response);
    void attach_cbs(const amqp::AttachRequested& event);
    Result<std::unique_ptr<LinkNode>> make_target(std::string_view address);
    Result<std::unique_ptr<LinkNode>> make_source(std::string_view address);
    void refuse(amqp::LinkId link, std::string_view address, const Error& reason);

    const Access& access_;
    std::unique_ptr<AmqpContext> context_;
    std::unique_ptr<CbsNode> cbs_;
    std::unordered_map<amqp::LinkId, Link> links_;
};

}  // namespace restante::gateway
