#pragma once
// What a link leads to on our side, and what the nodes of one connection share.
//
// The session owns both and outlives every answer posted to its connection. A node ends with its
// link, possibly before such an answer: posted work therefore uses the context and the link's id,
// never the node. Verbs for a link that is gone do nothing.

#include <map>
#include <optional>

#include "gateway/access/access.hpp"
#include "protocol/amqp/connection.hpp"

namespace restante::gateway {

struct AmqpContext {
    AmqpContext(const Access& a, amqp::Options options, net::ConnectionHandle h, net::Peer p,
                Now opened)
        : access(a),
          engine(std::move(options), opened.steady),
          handle(std::move(h)),
          peer(std::move(p)),
          now(opened) {}

    const Access& access;
    amqp::Connection engine;
    net::ConnectionHandle handle;
    net::Peer peer;
    Now now;  ///< of the call being handled

    /// Who the connection speaks for, once it proved it; replaced by each new token.
    std::optional<auth::ServicePrincipal> service;

    /// The error as the peer is told it. The log line carries the same tracking id.
    amqp::ErrorCondition refusal(const Error& error) const;

    bool may(auth::Rights wanted) const {
        return service && auth::includes(service->rights, wanted);
    }
};

class LinkNode {
  public:
    virtual ~LinkNode() = default;
    /// A message came on the link. Wants settle() unless it came settled.
    virtual void on_delivery(amqp::Delivered&& delivery) = 0;
    /// The link may send again.
    virtual void on_credit() {}
};

}  // namespace restante::gateway
