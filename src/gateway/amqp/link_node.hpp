#pragma once
// What a link leads to on our side. See amqp_context.hpp for what the nodes of one connection
// share.
//
// The context owns the nodes and outlives every answer posted to its connection. A node ends with
// its link, possibly before such an answer: posted work therefore holds the context and the link's
// id, and looks the node up again. Verbs for a link that is gone do nothing.

#include "protocol/amqp/connection.hpp"

namespace restante::gateway {

struct AmqpContext;

class LinkNode {
  public:
    LinkNode(AmqpContext& context, amqp::LinkId link) : context_(context), link_(link) {}
    virtual ~LinkNode() = default;
    LinkNode(const LinkNode&) = delete;
    LinkNode& operator=(const LinkNode&) = delete;

    /// Answers the attach, now or later.
    virtual void open() = 0;
    /// A message came on the link. Wants settle() unless it came settled.
    virtual void on_delivery(amqp::Delivered&&) {}
    /// The link may send again.
    virtual void on_credit(const amqp::CreditGranted&) {}
    /// The peer decided about something sent.
    virtual void on_disposition(amqp::DispositionReceived&&) {}
    /// What was written has left, and this node asked to be called then (fetches_wanted).
    virtual void fetch() {}

  protected:
    AmqpContext& context_;
    const amqp::LinkId link_;
};

/// A node that peers send to.
class TargetNode : public LinkNode {
  public:
    struct Limits {
        std::uint32_t credit;             ///< deliveries under way at once
        std::uint64_t message_bytes_max;  ///< told in the attach
    };
    TargetNode(AmqpContext& context, amqp::LinkId link, Limits limits)
        : LinkNode(context, link), limits_(limits) {}

    void open() override;

  protected:
    void accept(const amqp::Delivered& delivery);

  private:
    Limits limits_;
};

/// A node from which nothing ever comes, granted because clients will not go on without it: method
/// calls, notifications of uploads, messages for modules.
class QuietSource final : public LinkNode {
  public:
    using LinkNode::LinkNode;
    void open() override;
};

}  // namespace restante::gateway
