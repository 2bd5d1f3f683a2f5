// Session windows and link credit (AMQP 2.5.6, 2.6.7).

#include <algorithm>
#include <utility>

#include "protocol/amqp/condition.hpp"
#include "protocol/amqp/connection.hpp"

namespace restante::amqp {
namespace {

/// How far serial number `ahead` is before `behind`; 0 when it is not before it at all.
std::uint32_t distance(std::uint32_t ahead, std::uint32_t behind) {
    const std::uint32_t difference = ahead - behind;
    return difference < 0x8000'0000 ? difference : 0;
}

/// What is left of `granted` after `used`.
std::uint32_t remainder(std::uint32_t granted, std::uint32_t used) {
    return granted > used ? granted - used : 0;
}

}  // namespace

void Connection::on_flow(Session& session, const Flow& flow) {
    // The peer may not have seen our begin yet, and then names no id: nothing was received.
    const std::uint32_t received = flow.next_incoming_id.value_or(0);
    session.remote_incoming_window =
        remainder(flow.incoming_window, distance(session.next_outgoing_id, received));

    Link* link = nullptr;
    if (flow.handle) {
        link = tables_.on_handle(session, *flow.handle);
        if (link == nullptr) {
            return fail_session(session, condition::unattached_handle, "a flow without an attach");
        }
        if (link->state == LinkState::detaching) link = nullptr;
        if (link != nullptr) on_link_flow(session, *link, flow);
    }
    flush_backlog(session);
    if (flow.echo) write_flow(session, link);
}

void Connection::on_link_flow(Session& session, Link& link, const Flow& flow) {
    if (link.role == Role::receiver) {
        // A sender may give up credit by moving its delivery count, never by more than it has.
        if (flow.delivery_count) {
            const std::uint32_t skipped =
                std::min(distance(*flow.delivery_count, link.delivery_count), link.credit);
            link.delivery_count += skipped;
            link.credit -= skipped;
        }
        return top_up(session, link);
    }
    if (link.draining) finish_drains();
    const std::uint32_t sent = distance(link.delivery_count, flow.delivery_count.value_or(0));
    link.credit = remainder(flow.link_credit.value_or(0), sent);
    if (flow.drain && !std::exchange(link.draining, true)) {
        draining_.push_back(Tables::slot_of(link));
    }
    if (link.state == LinkState::attached && (link.credit > 0 || flow.drain)) {
        events_.push(CreditGranted{.link = link.id, .credit = link.credit, .drain = link.draining});
    }
}

/// AMQP 2.6.7: a sender that cannot use the credit gives it back by advancing its delivery count.
void Connection::finish_drains() {
    for (const LinkSlot slot : std::exchange(draining_, {})) {
        Link* link = tables_.at(slot);
        if (link == nullptr || !link->draining) continue;
        Session& session = tables_.session_of(*link);
        if (link->state == LinkState::requested || session.backlog) {
            draining_.push_back(slot);  // after the attach, and after what was sent before
            continue;
        }
        if (link->state == LinkState::attached) {
            link->delivery_count += link->credit;
            link->credit = 0;
            write_flow(session, link);
        }
        link->draining = false;
    }
}

/// Every field that uamqp wants is in every flow, whatever it is for.
void Connection::write_flow(Session& session, const Link* link) {
    Flow flow{.incoming_window = session.incoming_window,
              .next_outgoing_id = session.next_outgoing_id,
              .outgoing_window = outgoing_window};
    if (session.channel_in) flow.next_incoming_id = session.next_incoming_id;
    if (link != nullptr && link->state == LinkState::attached) {
        flow.handle = link->handle_out;
        flow.delivery_count = link->delivery_count;
        flow.link_credit = link->credit;
        flow.drain = link->draining;
    }
    output_.frame(Tables::channel_of(session), flow);
}

bool Connection::set_credit_window(LinkId id, std::uint32_t count) {
    Link* link = tables_.find(id);
    if (link == nullptr || link->role != Role::receiver || finished()) return false;
    if (link->state == LinkState::detaching) return false;
    link->credit_window = std::min(count, credit_window_max);
    const std::uint32_t target = remainder(link->credit_window, link->unsettled);
    if (target <= link->credit || link->state != LinkState::attached) return true;
    link->credit = target;
    write_flow(tables_.session_of(*link), link);
    return true;
}

/// Grants again what was used, in halves of the window rather than one by one.
void Connection::top_up(Session& session, Link& link) {
    if (link.role != Role::receiver || link.state != LinkState::attached) return;
    const std::uint32_t target = remainder(link.credit_window, link.unsettled);
    if (target <= link.credit || link.credit > target / 2) return;
    link.credit = target;
    write_flow(session, &link);
}

}  // namespace restante::amqp
