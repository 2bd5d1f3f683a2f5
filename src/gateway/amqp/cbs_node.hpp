#pragma once
// `$cbs`, where a connection puts its tokens: requests come on links of the first kind, responses
// leave on links of the second. One of them for each connection, as long as it.
//
// A request is settled once its token was checked, right before its response is sent: uamqp takes
// a response that overtakes the outcome of its request for a failure. Credit therefore also bounds
// the checks under way.

#include <deque>
#include <vector>

#include "gateway/amqp/amqp_context.hpp"
#include "protocol/amqp/message.hpp"

namespace restante::gateway {

class CbsNode {
  public:
    explicit CbsNode(AmqpContext& context) : context_(context) {}

    /// The node of a link on which the peer puts tokens, in the session it was attached in.
    std::unique_ptr<LinkNode> make_request_link(amqp::SessionId session, amqp::LinkId link);
    /// The node of a link on which the peer receives responses.
    std::unique_ptr<LinkNode> make_response_link(amqp::SessionId session, amqp::LinkId link);

  private:
    class RequestLink;
    class ResponseLink;

    struct Request {
        amqp::SessionId session;
        amqp::LinkId link;
        amqp::DeliveryId delivery;
        bool settled;
        std::string name;  ///< of the audience, as the peer says, for the log
        amqp::Value message_id;
        std::optional<std::string> reply_to;
        std::size_t bytes;  ///< of its message
    };
    struct Receiver {
        amqp::SessionId session;
        amqp::LinkId link;
    };
    struct Response {
        amqp::SessionId session;
        Bytes payload;
    };

    void on_request(amqp::SessionId session, amqp::Delivered&& delivery);
    void refuse_more();
    void put_token(const amqp::Message& message, Identities::Answer<void> answer);
    void respond(const Request& request, const Result<void>& result);
    void send_responses();
    std::optional<amqp::LinkId> response_link(amqp::SessionId session) const;

    AmqpContext& context_;
    std::vector<Receiver> receivers_;
    std::size_t checks_under_way_ = 0;
    std::deque<Response> responses_;
    std::size_t bytes_waiting_ = 0;  // of requests under way and of responses_
    std::uint64_t last_tag_ = 0;
};

}  // namespace restante::gateway
