#include "gateway/amqp/locked_source.hpp"

#include <algorithm>
#include <iterator>

#include "wire/amqp_message.hpp"

namespace restante::gateway {

LockedSource::~LockedSource() {
    if (fetching_) context_.asked -= asked_;
    context_.fetches_wanted.erase(link_);
    context_.drains.erase(link_);
}

// -- handing out ---------------------------------------------------------------------------------

void LockedSource::wake() {
    maybe_more_ = true;
    context_.fetches_wanted.insert(link_);
}

void LockedSource::on_credit(const amqp::CreditGranted& event) {
    credit_ = event.credit;
    draining_ = event.drain;
    send_held();
    context_.fetches_wanted.insert(link_);
}

void LockedSource::fetch() {
    const std::size_t wanted = room();
    if (wanted > 0 && maybe_more_ && !fetching_) {
        if (context_.asked + wanted > AmqpContext::asked_max) return wait_for_turn();
        context_.asked += wanted;
        fetching_ = true;
        maybe_more_ = false;
        asked_ = wanted;
        receive(wanted);
    }
    if (draining_) finish_drain();
}

/// What is under way for other links comes first; its arrival asks for output again. A drain is not
/// over before.
void LockedSource::wait_for_turn() {
    context_.fetches_wanted.insert(link_);
    if (draining_) context_.drains.insert(link_);
}

std::size_t LockedSource::room() const {
    if (!context_.engine.can_send(link_) || credit_ <= held_.size()) return 0;
    const SteadyTime now = context_.access.now().steady;
    const auto locked = static_cast<std::size_t>(std::ranges::count_if(
        sent_, [now](const auto& entry) { return entry.second.locked_until > now; }));
    const std::size_t out = locked + held_.size();
    return out >= window ? 0 : std::min(window - out, credit_ - held_.size());
}

void LockedSource::received(std::vector<Item> items) {
    fetching_ = false;
    context_.asked -= asked_;
    if (items.size() == asked_) maybe_more_ = true;
    std::ranges::move(items, std::back_inserter(held_));
    send_held();
    context_.fetches_wanted.insert(link_);
}

void LockedSource::send_held() {
    const SteadyTime now = context_.access.now().steady;
    while (!held_.empty() && context_.engine.can_send(link_)) {
        const Item next = std::move(held_.front());
        held_.pop_front();
        // What was held for too long has returned to its queue, and comes again from there.
        if (next.locked_until > now) send(next);
    }
}

void LockedSource::send(const Item& item) {
    const model::LockToken token = item.token;
    const auto sent = context_.engine.send(
        link_, {.tag = wire::delivery_tag(token), .payload = item.payload, .settled = settled_});
    if (!sent) {
        // Its lock ends in time, or with the link.
        context_.access.log().warning("message_undeliverable", {{"protocol", "amqp"},
                                                                {"who", who()},
                                                                {"seq", token.sequence.value},
                                                                {"reason", sent.error().message}});
        return;
    }
    if (credit_ > 0) --credit_;
    if (settled_) {
        // The peer asked for no more than the write: that completes it.
        settle(token, Outcome::complete, [](const Result<void>&) {});
    } else {
        sent_.emplace(*sent, Sent{.token = token, .locked_until = item.locked_until});
    }
}

/// The credit goes back once nothing more can be had for it.
void LockedSource::finish_drain() {
    if (fetching_) {
        context_.drains.insert(link_);
        return;
    }
    context_.drains.erase(link_);
    draining_ = false;
    credit_ = 0;
}

// -- settling ------------------------------------------------------------------------------------

void LockedSource::on_disposition(amqp::DispositionReceived&& event) {
    const auto entry = sent_.find(event.id);
    const auto outcome = outcome_of(event);
    if (entry == sent_.end() || !outcome) return;
    const model::LockToken token = entry->second.token;
    sent_.erase(entry);
    context_.fetches_wanted.insert(link_);
    if (event.settled) return settle(token, *outcome, [](const Result<void>&) {});
    settle(
        token, *outcome,
        on_connection<void>(context_.handle, [&context = context_, link = link_,
                                              id = event.id](const auto& done) {
            // Accepted also for what was released: C# takes any other state for a failure.
            const amqp::DeliveryState state =
                done ? amqp::DeliveryState(amqp::Accepted{})
                     : amqp::DeliveryState(amqp::Rejected{.error = context.refusal(done.error())});
            context.engine.settle_sent(link, id, state);
        }));
}

/// nullopt while the peer has not decided. One that settles without a decision has not processed
/// the delivery.
std::optional<LockedSource::Outcome> LockedSource::outcome_of(
    const amqp::DispositionReceived& event) {
    const auto* state = event.state ? &*event.state : nullptr;
    if (state == nullptr || std::holds_alternative<amqp::Received>(*state)) {
        return event.settled ? std::optional(Outcome::abandon) : std::nullopt;
    }
    if (std::holds_alternative<amqp::Accepted>(*state)) return Outcome::complete;
    if (std::holds_alternative<amqp::Rejected>(*state)) return Outcome::reject;
    const auto* modified = std::get_if<amqp::Modified>(state);
    return modified != nullptr && modified->undeliverable_here ? Outcome::reject : Outcome::abandon;
}

}  // namespace restante::gateway
