#pragma once
// `$cbs`, where a connection puts its tokens: requests come on links of the first kind, responses
// leave on links of the second. One of them for each connection, as long as it.
//
// The request is settled before its response is sent: uamqp takes a response that overtakes the
// outcome of its request for a failure.

#include <deque>
#include <vector>

#include "gateway/amqp/amqp_context.hpp"
#include "protocol/amqp/message.hpp"

namespace restante::gateway {

class CbsNode {
  public:
    explicit CbsNode(AmqpContext& context) : context_(context) {}

    /// A link on which the peer receives responses, in the session it was attached in.
    void add_response_link(amqp::SessionId session, amqp::LinkId link);
    void remove_response_link(amqp::LinkId link);

    /// A request on `link` of `session`.
    void on_request(amqp::SessionId session, amqp::Delivered&& delivery);
    /// A response link has credit.
    void on_credit() { send_responses(); }

  private:
    struct ResponseLink {
        amqp::SessionId session;
        amqp::LinkId link;
    };
    struct Response {
        amqp::SessionId session;
        Bytes payload;
    };

    Result<std::string> token_of(const amqp::Message& request) const;
    void respond(amqp::SessionId session, const amqp::Message& request, const Result<void>& result);
    void send_responses();
    std::optional<amqp::LinkId> response_link(amqp::SessionId session) const;

    AmqpContext& context_;
    std::vector<ResponseLink> links_;
    std::deque<Response> responses_;
    std::uint64_t last_tag_ = 0;
};

/// A link on which the peer puts tokens.
class CbsTarget final : public TargetNode {
  public:
    CbsTarget(AmqpContext& context, const amqp::AttachRequested& attach, CbsNode& node);
    void on_delivery(amqp::Delivered&& delivery) override {
        node_.on_request(session_, std::move(delivery));
    }

  private:
    amqp::SessionId session_;
    CbsNode& node_;
};

/// A link on which the peer hears what became of them.
class CbsSource final : public LinkNode {
  public:
    CbsSource(AmqpContext& context, const amqp::AttachRequested& attach, CbsNode& node);
    ~CbsSource() override { node_.remove_response_link(link_); }
    void open() override { context_.engine.accept_attach(link_); }
    void on_credit(const amqp::CreditGranted&) override { node_.on_credit(); }

  private:
    CbsNode& node_;
};

}  // namespace restante::gateway
