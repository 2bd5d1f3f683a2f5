#include "gateway/amqp/source_node.hpp"

#include <algorithm>

#include "wire/amqp_message.hpp"

namespace restante::gateway {

SourceNode::SourceNode(AmqpContext& context, const amqp::AttachRequested& attach)
    : LinkNode(context, attach.link),
      sends_settled_(attach.attach->sender_settle_mode == amqp::SenderSettleMode::settled) {}

void SourceNode::on_credit(const amqp::CreditGranted& event) {
    credit_ = event.credit;
    // A drain wants what there is before its credit is given back: that waits for the fetch.
    if (event.drain) context_.drains.insert(link_);
    context_.fetches_wanted.insert(link_);
}

void SourceNode::available() {
    maybe_more_ = true;
    context_.fetches_wanted.insert(link_);
}

/// What the peer holds. A lock that has ended binds nothing: its message may go out again.
std::size_t SourceNode::held() const {
    const SteadyTime now = context_.access.now().steady;
    return static_cast<std::size_t>(std::ranges::count_if(
        sent_, [&](const auto& entry) { return entry.second.locked_until > now; }));
}

void SourceNode::fetch() {
    if (asked_ > 0) return;
    const std::size_t room = window - std::min(window, held());
    const std::size_t max = std::min<std::size_t>(credit_, room);
    if (max == 0 || !maybe_more_ || !context_.engine.can_send(link_)) {
        context_.drains.erase(link_);
        return;
    }
    asked_ = max;
    maybe_more_ = false;
    ask(max);
}

void SourceNode::received(std::vector<Outgoing> items) {
    if (items.size() == asked_) available();
    asked_ = 0;
    for (const auto& item : items) send(item);
    context_.fetches_wanted.insert(link_);
}

void SourceNode::send(const Outgoing& item) {
    const auto sent = context_.engine.send(link_, {.tag = wire::delivery_tag(item.token),
                                                   .payload = item.payload,
                                                   .settled = sends_settled_});
    if (!sent) {
        // The peer took its credit back meanwhile, or takes no message of this size. The lock ends
        // by time, or with the link.
        context_.access.log().warning("delivery_postponed", {{"protocol", "amqp"},
                                                             {"peer", context_.peer.address},
                                                             {"seq", item.token.sequence.value},
                                                             {"reason", sent.error().message}});
        return;
    }
    if (credit_ > 0) --credit_;
    if (sends_settled_) {
        settle(Decision::complete, item.token, [](const Result<void>&) {});
    } else {
        sent_.insert_or_assign(static_cast<std::uint32_t>(*sent),
                               Sent{.token = item.token, .locked_until = item.locked_until});
    }
}

void SourceNode::on_disposition(amqp::DispositionReceived&& event) {
    const auto found = sent_.find(static_cast<std::uint32_t>(event.id));
    if (found == sent_.end()) return;
    // Not an outcome: the peer says how far it has read (AMQP 3.4.1).
    if (!event.settled && (!event.state || std::holds_alternative<amqp::Received>(*event.state))) {
        return;
    }
    const model::LockToken token = found->second.token;
    sent_.erase(found);
    context_.fetches_wanted.insert(link_);

    Decision decision = Decision::abandon;
    if (event.state) {
        const auto* modified = std::get_if<amqp::Modified>(&*event.state);
        if (std::holds_alternative<amqp::Accepted>(*event.state)) decision = Decision::complete;
        if (std::holds_alternative<amqp::Rejected>(*event.state) ||
            (modified != nullptr && modified->undeliverable_here)) {
            decision = Decision::reject;
        }
    }
    settle(
        decision, token,
        on_connection<void>(context_.handle, [&context = context_, link = link_, id = event.id,
                                              settled = event.settled](const Result<void>& result) {
            if (settled) return;
            // `accepted` whatever the decision was: the C# library takes any other answer
            // for a failure.
            amqp::DeliveryState state = amqp::Accepted{};
            if (!result) state = amqp::Rejected{.error = context.refusal(result.error())};
            context.engine.settle_sent(link, id, state);
        }));
}

}  // namespace restante::gateway
