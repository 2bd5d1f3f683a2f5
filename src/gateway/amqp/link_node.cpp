#include "gateway/amqp/link_node.hpp"

#include "gateway/amqp/amqp_context.hpp"

namespace restante::gateway {

void TargetNode::open() {
    context_.engine.accept_attach(link_, {.max_message_size = limits_.message_bytes_max});
    context_.engine.set_credit_window(link_, limits_.credit);
}

void TargetNode::accept(const amqp::Delivered& delivery) {
    if (delivery.settled) return;
    context_.engine.settle(link_, delivery.id, amqp::Accepted{});
}

void QuietSource::open() {
    context_.engine.accept_attach(link_);
}

}  // namespace restante::gateway
