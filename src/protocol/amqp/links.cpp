// How sessions begin and end, and links attach and detach (AMQP 2.5, 2.6).

#include <fmt/format.h>

#include <algorithm>

#include "protocol/amqp/condition.hpp"
#include "protocol/amqp/connection.hpp"

namespace restante::amqp {
namespace {

Role opposite(Role role) {
    return role == Role::sender ? Role::receiver : Role::sender;
}

ErrorCondition make_error(std::string_view condition, std::string text) {
    return {.condition = std::string(condition), .description = std::move(text)};
}

Begin make_begin(const Session& session) {
    return {.next_outgoing_id = session.next_outgoing_id,
            .incoming_window = session.incoming_window,
            .outgoing_window = outgoing_window,
            .handle_max = handle_max};
}

void take_begin(Session& session, const Begin& begin) {
    session.next_incoming_id = begin.next_outgoing_id;
    session.remote_incoming_window = begin.incoming_window;
    session.peer_handle_max = begin.handle_max;
}

/// Whether the peer's attach is the answer to this link's.
bool is_answer(const Link& link, const Attach& attach) {
    return link.attach && !link.handle_in && link.role == opposite(attach.role) &&
           link.attach->name == attach.name;
}

}  // namespace

void Connection::on_begin(std::uint16_t channel, const Begin& begin) {
    if (channel > channel_max) {
        return fail_connection(ErrorCode::protocol_error, condition::framing_error,
                               fmt::format("a channel above channel-max, {}", channel_max));
    }
    if (tables_.on_channel(channel) != nullptr) {
        return fail_connection(ErrorCode::protocol_error, condition::not_allowed,
                               "a second begin on one channel");
    }
    if (begin.remote_channel) {
        Session* session = tables_.on_own_channel(*begin.remote_channel);
        if (session == nullptr || session->channel_in) {
            return fail_connection(ErrorCode::protocol_error, condition::not_allowed,
                                   "a begin that answers none");
        }
        tables_.bind(*session, channel);
        take_begin(*session, begin);
        if (session->state == SessionState::ending) return;
        session->state = SessionState::begun;
        return events_.push(Began{.session = session->id});
    }
    if (!authenticated_ && tables_.sessions() >= unauthenticated_sessions_max) {
        return fail_connection(ErrorCode::protocol_error, condition::resource_limit_exceeded,
                               fmt::format("more than {} sessions before a proof of identity",
                                           unauthenticated_sessions_max));
    }
    Session* session = tables_.add_session(peer_channel_max_);
    if (session == nullptr) {
        return fail_connection(ErrorCode::protocol_error, condition::resource_limit_exceeded,
                               fmt::format("no channel up to {} is free for one more session",
                                           std::min(channel_max, peer_channel_max_)));
    }
    tables_.bind(*session, channel);
    take_begin(*session, begin);
    Begin answer = make_begin(*session);
    answer.remote_channel = channel;
    output_.frame(Tables::channel_of(*session), answer);
    events_.push(Began{.session = session->id});
}

Result<SessionId> Connection::begin() {
    if (state_ != State::open) return fail(ErrorCode::connection_dropped, "not open");
    Session* session = tables_.add_session(peer_channel_max_);
    if (session == nullptr) return fail(ErrorCode::throttled, "no channel is free");
    session->state = SessionState::beginning;
    output_.frame(Tables::channel_of(*session), make_begin(*session));
    return session->id;
}

// A name that a link of the session has already is not looked for: C# uses the same names on many
// sessions, handles tell links apart, and both links keep working.
void Connection::on_attach(Session& session, Attach& attach) {
    if (attach.handle > handle_max) {
        return fail_connection(ErrorCode::protocol_error, condition::framing_error,
                               fmt::format("a handle above handle-max, {}", handle_max));
    }
    if (tables_.on_handle(session, attach.handle) != nullptr) {
        return fail_session(session, condition::handle_in_use, "a second attach on one handle");
    }
    const auto shared = std::make_shared<const Attach>(std::move(attach));
    Link* link = nullptr;
    if (options_.side == Side::client) {
        tables_.for_each_link(session, [&](Link& own) {
            if (is_answer(own, *shared)) link = &own;
        });
    }
    if (link != nullptr) return on_attach_answer(session, *link, shared);

    if (!authenticated_ && tables_.links() >= unauthenticated_links_max) {
        return fail_session(session, condition::resource_limit_exceeded,
                            fmt::format("more than {} links before a proof of identity",
                                        unauthenticated_links_max));
    }
    link = tables_.add_link(session);
    if (link == nullptr) {
        return fail_session(session, condition::resource_limit_exceeded,
                            fmt::format("more than {} links on one connection", links_max));
    }
    tables_.bind(session, *link, shared->handle);
    link->role = opposite(shared->role);
    link->sender_settle_mode = shared->sender_settle_mode;
    if (link->role == Role::receiver) {
        link->delivery_count = shared->initial_delivery_count.value_or(0);
    } else {
        link->message_bytes_max = shared->max_message_size.value_or(0);
    }
    link->attach = shared;
    events_.push(AttachRequested{.session = session.id, .link = link->id, .attach = shared});
}

void Connection::on_attach_answer(Session& session, Link& link,
                                  std::shared_ptr<const Attach> attach) {
    tables_.bind(session, link, attach->handle);
    link.attach.reset();
    if (link.state == LinkState::detaching) return;
    // AMQP 2.6.3: a link endpoint without its terminus is refused; a detach with the reason
    // follows.
    const bool is_sender = link.role == Role::sender;
    if (is_sender ? !attach->target : !attach->source) {
        link.state = LinkState::refused;
        return;
    }
    link.state = LinkState::attached;
    link.sender_settle_mode = attach->sender_settle_mode;
    if (is_sender) {
        link.message_bytes_max = attach->max_message_size.value_or(0);
    } else {
        link.delivery_count = attach->initial_delivery_count.value_or(0);
    }
    events_.push(Attached{.link = link.id, .attach = std::move(attach)});
    top_up(session, link);
}

/// Our half of a link the peer wants. Both termini are echoed (uamqp hangs for ever otherwise), but
/// for the one on our side when refused; a sender always names its delivery count.
void Connection::write_attach(const Link& link, const AttachAnswer& answer, bool refused) {
    Attach attach{.name = link.attach->name,
                  .handle = link.handle_out,
                  .role = link.role,
                  .sender_settle_mode = link.attach->sender_settle_mode,
                  .receiver_settle_mode = link.attach->receiver_settle_mode,
                  .source = link.attach->source,
                  .target = link.attach->target,
                  .max_message_size = answer.max_message_size,
                  .properties = answer.properties};
    if (link.role == Role::sender) attach.initial_delivery_count = link.delivery_count;
    if (refused && link.role == Role::sender) attach.source.reset();
    if (refused && link.role == Role::receiver) attach.target.reset();
    output_.frame(link.channel, attach);
}

bool Connection::accept_attach(LinkId id, AttachAnswer answer) {
    Link* link = tables_.find(id);
    if (link == nullptr || link->state != LinkState::requested || finished()) return false;
    if (answer.max_message_size == 0) answer.max_message_size = message_bytes_max_default;
    write_attach(*link, answer, false);
    link->attach.reset();
    link->state = LinkState::attached;
    if (link->role == Role::receiver) {
        link->message_bytes_max = answer.max_message_size;
        top_up(tables_.session_of(*link), *link);
    } else if (link->credit > 0) {
        events_.push(CreditGranted{.link = id, .credit = link->credit, .drain = link->draining});
    }
    return true;
}

bool Connection::refuse_attach(LinkId id, ErrorCondition error) {
    Link* link = tables_.find(id);
    if (link == nullptr || link->state != LinkState::requested || finished()) return false;
    start_detach(*link, std::move(error));
    return true;
}

Result<LinkId> Connection::attach(SessionId id, Attach attach) {
    Session* session = tables_.find(id);
    if (session == nullptr || session->state == SessionState::ending || state_ != State::open) {
        return fail(ErrorCode::connection_dropped, "no such session");
    }
    Link* link = tables_.add_link(*session);
    if (link == nullptr) return fail(ErrorCode::throttled, "no handle is free");
    link->state = LinkState::attaching;
    link->role = attach.role;
    attach.handle = link->handle_out;
    if (attach.max_message_size.value_or(0) == 0) {
        attach.max_message_size = message_bytes_max_default;
    }
    if (attach.role == Role::sender) {
        attach.initial_delivery_count = 0;
    } else {
        link->message_bytes_max = *attach.max_message_size;
        link->settles_second = attach.receiver_settle_mode == ReceiverSettleMode::second;
    }
    output_.frame(link->channel, attach);
    link->attach = std::make_shared<const Attach>(std::move(attach));
    return link->id;
}

bool Connection::detach(LinkId id, std::optional<ErrorCondition> error) {
    Link* link = tables_.find(id);
    if (link == nullptr || link->state == LinkState::detaching || finished()) return false;
    start_detach(*link, std::move(error));
    return true;
}

/// The link keeps its handles until the peer's detach; what else comes for it is passed over.
void Connection::start_detach(Link& link, std::optional<ErrorCondition> error) {
    if (link.state == LinkState::requested) write_attach(link, {}, true);
    output_.frame(link.channel,
                  Detach{.handle = link.handle_out, .closed = true, .error = std::move(error)});
    if (link.handle_in) link.attach.reset();
    link.state = LinkState::detaching;
    link.credit = 0;
    tables_.drop_deliveries(link);
}

void Connection::on_detach(Session& session, Detach& detach) {
    Link* link = tables_.on_handle(session, detach.handle);
    if (link == nullptr) {
        return fail_session(session, condition::unattached_handle, "a detach without an attach");
    }
    if (link->state != LinkState::detaching) {
        if (link->state == LinkState::requested) write_attach(*link, {}, true);
        output_.frame(link->channel, Detach{.handle = link->handle_out, .closed = detach.closed});
        events_.push(Detached{.link = link->id, .error = std::move(detach.error)});
    }
    tables_.remove(*link);
}

void Connection::fail_link(Link& link, std::string_view condition, std::string text) {
    ErrorCondition error = make_error(condition, std::move(text));
    start_detach(link, error);
    events_.push(Detached{.link = link.id, .error = std::move(error)});
}

void Connection::report_links(const Session& session, const std::optional<ErrorCondition>& error) {
    tables_.for_each_link(session, [&](const Link& link) {
        if (link.state == LinkState::detaching) return;
        events_.push(Detached{.link = link.id, .error = error});
    });
}

void Connection::on_end(Session& session, End& end) {
    if (session.state != SessionState::ending) {
        report_links(session, end.error);
        output_.frame(Tables::channel_of(session), End{});
        events_.push(Ended{.session = session.id, .error = std::move(end.error)});
    }
    tables_.remove(session);
}

bool Connection::end(SessionId id, std::optional<ErrorCondition> error) {
    Session* session = tables_.find(id);
    if (session == nullptr || session->state == SessionState::ending || finished()) return false;
    output_.frame(Tables::channel_of(*session), End{.error = std::move(error)});
    session->state = SessionState::ending;
    tables_.drop_links(*session);
    return true;
}

void Connection::fail_session(Session& session, std::string_view condition, std::string text) {
    ErrorCondition error = make_error(condition, std::move(text));
    report_links(session, error);
    events_.push(Ended{.session = session.id, .error = error});
    end(session.id, std::move(error));
}

}  // namespace restante::amqp
