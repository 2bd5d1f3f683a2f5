// Transfers and dispositions (AMQP 2.6.12 to 2.6.14).

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "protocol/amqp/condition.hpp"
#include "protocol/amqp/connection.hpp"

namespace restante::amqp {
namespace {

SentDelivery make_sent(std::uint32_t id, LinkSlot link, BytesView tag) {
    SentDelivery delivery{.id = id, .link = link};
    delivery.tag_size = static_cast<std::uint8_t>(tag.size());
    std::ranges::copy(tag, delivery.tag.begin());
    return delivery;
}

BytesView tag_of(const SentDelivery& delivery) {
    return BytesView(delivery.tag).first(delivery.tag_size);
}

/// False when it was decided before: the peer's settlement is due.
bool decide_once(Session& session, std::uint32_t id) {
    bool first = false;
    session.unsettled_in.visit_range(id, id, [&](ReceivedDelivery& delivery) {
        first = !std::exchange(delivery.decided, true);
        return false;
    });
    return first;
}

}  // namespace

void Connection::on_transfer(Session& session, const Transfer& transfer, BytesView payload) {
    // What is read is granted again below, so the window never closes: credit and the connection's
    // reading pace are what holds a peer back, and there is no violation of it to find.
    --session.incoming_window;
    ++session.next_incoming_id;
    Link* link = tables_.on_handle(session, transfer.handle);
    if (link == nullptr) {
        return fail_session(session, condition::unattached_handle, "a transfer without an attach");
    }
    if (link->state != LinkState::detaching) take_transfer(session, *link, transfer, payload);
    if (session.state == SessionState::ending) return;
    if (session.incoming_window <= incoming_window / 2) {
        session.incoming_window = incoming_window;
        write_flow(session, nullptr);
    }
}

void Connection::take_transfer(Session& session, Link& link, const Transfer& transfer,
                               BytesView payload) {
    if (link.role != Role::receiver) {
        return fail_link(link, condition::not_allowed, "a transfer to a sender");
    }
    Assembly single;  // most deliveries are one transfer, and need none on the heap
    if (!link.assembly && !start_delivery(session, link, transfer, single)) return;
    Assembly& delivery = link.assembly ? *link.assembly : single;
    if ((transfer.delivery_id && *transfer.delivery_id != delivery.id) ||
        (transfer.delivery_tag && !std::ranges::equal(*transfer.delivery_tag, delivery.tag))) {
        return fail_link(link, condition::invalid_field,
                         "a delivery-id or tag that changes within a delivery");
    }
    if (transfer.settled.value_or(false)) delivery.settled = true;
    if (transfer.aborted) {
        const std::uint32_t id = delivery.id;
        tables_.drop_assembly(link);
        return forget_received(session, link, id);
    }
    std::uint64_t bytes_max = link.message_bytes_max;
    if (!authenticated_) {
        bytes_max = std::min<std::uint64_t>(bytes_max, unauthenticated_message_bytes_max);
    }
    if (delivery.payload.size() + payload.size() > bytes_max) {
        return fail_link(link, condition::message_size_exceeded,
                         "a message above the link's max-message-size");
    }
    if (transfer.more) {
        if (tables_.assembly_bytes + payload.size() > assembly_bytes_max) {
            return fail_link(link, condition::resource_limit_exceeded,
                             fmt::format("more than {} bytes of unfinished deliveries on one "
                                         "connection",
                                         assembly_bytes_max));
        }
        if (!link.assembly) link.assembly = std::make_unique<Assembly>(std::move(single));
        append(link.assembly->payload, payload);
        tables_.assembly_bytes += payload.size();
        return;
    }
    tables_.assembly_bytes -= delivery.payload.size();
    append(delivery.payload, payload);
    Assembly whole = std::move(delivery);
    link.assembly.reset();
    events_.push(Delivered{.link = link.id,
                           .id = DeliveryId{whole.id},
                           .tag = std::move(whole.tag),
                           .settled = whole.settled,
                           .message_format = whole.message_format,
                           .payload = std::move(whole.payload)});
    if (whole.settled) forget_received(session, link, whole.id);
}

/// Checks a delivery's first transfer and counts it. False when the link or session failed.
bool Connection::start_delivery(Session& session, Link& link, const Transfer& transfer,
                                Assembly& into) {
    if (!transfer.delivery_id || !transfer.delivery_tag ||
        transfer.delivery_tag->size() > delivery_tag_bytes_max) {
        fail_link(link, condition::invalid_field,
                  "a delivery without an id, or without a tag of at most 32 bytes");
        return false;
    }
    if (transfer.resume) {
        fail_link(link, condition::not_implemented, "deliveries are not resumed");
        return false;
    }
    if (link.credit == 0) {
        fail_link(link, condition::transfer_limit_exceeded, "a transfer beyond the link's credit");
        return false;
    }
    // Ids grow; by one with most clients, by one for each transfer with uamqp and pyamqp.
    const std::uint32_t id = *transfer.delivery_id;
    if (session.last_delivery_in && id - *session.last_delivery_in - 1 >= 0x7fff'ffff) {
        fail_session(session, condition::invalid_field, "a delivery-id that does not grow");
        return false;
    }
    session.last_delivery_in = id;
    session.unsettled_in.add({.id = id, .link = Tables::slot_of(link)});
    ++link.unsettled;
    --link.credit;
    ++link.delivery_count;
    into.id = id;
    into.tag = to_bytes(*transfer.delivery_tag);
    into.message_format = transfer.message_format.value_or(0);
    return true;
}

void Connection::forget_received(Session& session, Link& link, std::uint32_t id) {
    session.unsettled_in.erase(id);
    --link.unsettled;
    top_up(session, link);
}

bool Connection::settle(LinkId id, DeliveryId delivery, const DeliveryState& state) {
    Link* link = tables_.find(id);
    if (link == nullptr || finished()) return false;
    Session& session = tables_.session_of(*link);
    const auto number = static_cast<std::uint32_t>(delivery);
    const ReceivedDelivery* known = session.unsettled_in.find(number);
    if (known == nullptr || known->link != Tables::slot_of(*link)) return false;
    const bool second = link->settles_second;
    if (second && !decide_once(session, number)) return false;
    if (!second && std::holds_alternative<Accepted>(state)) {
        output_.accept(link->channel, Role::receiver, number);
    } else {
        output_.frame(link->channel, Disposition{.role = Role::receiver,
                                                 .first = number,
                                                 .last = number,
                                                 .settled = !second,
                                                 .state = state});
    }
    if (!second) forget_received(session, *link, number);
    return true;
}

void Connection::on_disposition(Session& session, const Disposition& disposition) {
    const std::uint32_t last = disposition.last.value_or(disposition.first);
    if (disposition.role == Role::receiver) {
        session.unsettled_out.visit_range(
            disposition.first, last, [&](const SentDelivery& delivery) {
                events_.push(DispositionReceived{.link = tables_.at(delivery.link)->id,
                                                 .id = DeliveryId{delivery.id},
                                                 .tag = to_bytes(tag_of(delivery)),
                                                 .settled = disposition.settled,
                                                 .state = disposition.state});
                return disposition.settled;
            });
        return;
    }
    // A sender that settles on its own: nothing of ours is due any more.
    if (!disposition.settled) return;
    bool any = false;
    session.unsettled_in.visit_range(
        disposition.first, last, [&](const ReceivedDelivery& delivery) {
            Link& link = *tables_.at(delivery.link);
            const bool unfinished = link.assembly && link.assembly->id == delivery.id;
            if (unfinished) return false;
            --link.unsettled;
            if (delivery.decided) {
                events_.push(DispositionReceived{.link = link.id,
                                                 .id = DeliveryId{delivery.id},
                                                 .tag = {},
                                                 .settled = true,
                                                 .state = disposition.state});
            }
            return any = true;
        });
    if (!any) return;
    tables_.for_each_link(session, [&](Link& link) { top_up(session, link); });
}

bool Connection::settle_sent(LinkId id, DeliveryId delivery, const DeliveryState& state) {
    const Link* link = tables_.find(id);
    if (link == nullptr || finished()) return false;
    Session& session = tables_.session_of(*link);
    const auto number = static_cast<std::uint32_t>(delivery);
    const SentDelivery* known = session.unsettled_out.find(number);
    if (known == nullptr || known->link != Tables::slot_of(*link)) return false;
    if (std::holds_alternative<Accepted>(state)) {
        output_.accept(link->channel, Role::sender, number);
    } else {
        output_.frame(link->channel, Disposition{.role = Role::sender,
                                                 .first = number,
                                                 .last = number,
                                                 .settled = true,
                                                 .state = state});
    }
    session.unsettled_out.erase(number);
    return true;
}

bool Connection::can_send(LinkId id) const {
    const Link* link = tables_.find(id);
    if (link == nullptr || state_ != State::open) return false;
    const Session& session = tables_.session_of(*link);
    return link->state == LinkState::attached && link->role == Role::sender && link->credit > 0 &&
           !session.backlog && session.unsettled_out.size() < unsettled_sent_max;
}

Result<DeliveryId> Connection::send(LinkId id, const OutgoingDelivery& delivery) {
    Link* link = tables_.find(id);
    if (link == nullptr || state_ != State::open || link->role != Role::sender ||
        link->state != LinkState::attached) {
        return fail(ErrorCode::connection_dropped, "no such link");
    }
    if (delivery.tag.size() > delivery_tag_bytes_max) {
        return fail(ErrorCode::argument_invalid, "a delivery tag above 32 bytes");
    }
    if (link->message_bytes_max != 0 && delivery.payload.size() > link->message_bytes_max) {
        return fail(ErrorCode::message_too_large, "larger than the peer's max-message-size");
    }
    if (!can_send(id)) return fail(ErrorCode::throttled, "no credit, or something waits");

    Session& session = tables_.session_of(*link);
    bool settled = delivery.settled;
    if (link->sender_settle_mode != SenderSettleMode::mixed) {
        settled = link->sender_settle_mode == SenderSettleMode::settled;
    }
    const std::uint32_t number = session.next_delivery_id++;
    const Transfer transfer{.handle = link->handle_out,
                            .delivery_id = number,
                            .delivery_tag = delivery.tag,
                            .message_format = delivery.message_format,
                            .settled = settled};
    --link->credit;
    ++link->delivery_count;
    if (!settled) {
        session.unsettled_out.add(make_sent(number, Tables::slot_of(*link), delivery.tag));
    }
    BytesView rest = delivery.payload;
    if (!transmit(session, transfer, rest)) {
        session.backlog = std::make_unique<Backlog>(Backlog{.link = Tables::slot_of(*link),
                                                            .transfer = transfer,
                                                            .tag = to_bytes(delivery.tag),
                                                            .rest = to_bytes(rest)});
    }
    return DeliveryId{number};
}

/// Writes transfers until `payload` is used up, or the peer's window is: then false, and `payload`
/// is what is left.
bool Connection::transmit(Session& session, const Transfer& transfer, BytesView& payload) {
    for (;;) {
        if (session.remote_incoming_window == 0) return false;
        const std::size_t sent = output_.transfer(Tables::channel_of(session), transfer, payload);
        --session.remote_incoming_window;
        ++session.next_outgoing_id;
        payload = payload.subspan(sent);
        if (payload.empty()) return true;
    }
}

void Connection::flush_backlog(Session& session) {
    if (!session.backlog || session.remote_incoming_window == 0) return;
    Backlog& backlog = *session.backlog;
    backlog.transfer.delivery_tag = backlog.tag;
    BytesView rest = BytesView(backlog.rest).subspan(backlog.sent);
    const bool done = transmit(session, backlog.transfer, rest);
    backlog.sent = backlog.rest.size() - rest.size();
    if (!done) return;
    session.backlog.reset();
    tables_.for_each_link(session, [&](const Link& link) {
        if (can_send(link.id)) {
            events_.push(
                CreditGranted{.link = link.id, .credit = link.credit, .drain = link.draining});
        }
    });
}

}  // namespace restante::amqp
