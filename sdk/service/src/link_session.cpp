#include "link_session.hpp"

#include <algorithm>
#include <utility>

#include "base/byte_reader.hpp"
#include "protocol/amqp/attach.hpp"
#include "wire/cbs.hpp"
#include "wire/error_table.hpp"

namespace restante::service {
namespace {

/// A token is renewed this long before it expires, on the links it was put on.
constexpr std::chrono::minutes renewal_margin{15};

constexpr std::uint32_t response_credit = 10;

}  // namespace

Error LinkSession::from_condition(const std::optional<amqp::ErrorCondition>& error,
                                  std::string_view fallback) {
    if (!error) return Error(ErrorCode::connection_dropped, std::string(fallback));
    return wire::amqp_error(error->condition, error->description);
}

void LinkSession::close() {
    if (engine_) return engine_->close();
    give_up(Error(ErrorCode::cancelled, "closed by this end"));
}

void LinkSession::start(net::ConnectionHandle, const net::Peer&, Now now) {
    now_ = now;
    answer_due_ = now.steady + account_.timeout();
    amqp::Options options;
    options.side = amqp::Side::client;
    options.container_id = "restante-service-" + Uuid::random().to_string();
    options.hostname = account_.host();
    options.idle_time_out = idle_time_out;
    engine_.emplace(std::move(options), now.steady);
    handle_events();
}

void LinkSession::receive(BytesView bytes, Now now) {
    now_ = now;
    engine_->receive(bytes, now.steady);
    handle_events();
}

Bytes LinkSession::take_output() {
    return engine_ ? engine_->take_output() : Bytes{};
}

std::optional<SteadyTime> LinkSession::next_deadline() const {
    auto deadline = engine_->next_deadline();
    if (finished()) return deadline;
    for (const auto& own : {renew_at_, answer_due_}) {
        if (own) deadline = deadline ? std::min(*deadline, *own) : *own;
    }
    return deadline;
}

void LinkSession::advance(Now now) {
    now_ = now;
    engine_->advance(now.steady);
    handle_events();
    if (answer_due_ && now.steady >= *answer_due_) {
        end_with(Error(ErrorCode::timeout, standing_since_
                                               ? "the hub did not answer a renewed token in time"
                                               : "the hub did not open the link in time"));
    }
    if (renew_at_ && now.steady >= *renew_at_) {
        renew_at_.reset();
        token_wanted_ = true;
        put_token();
    }
}

void LinkSession::closed(const Error& reason) {
    give_up(reason);
}

void LinkSession::handle_events() {
    while (auto event = engine_->next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

void LinkSession::on(amqp::Opened&&) {
    const auto session = engine_->begin();
    if (!session) return end_with(session.error());
    session_ = *session;
    const auto sender = engine_->attach(
        session_, amqp::sender_attach("cbs-sender", std::string(wire::cbs_address)));
    const auto receiver = engine_->attach(
        session_, amqp::receiver_attach("cbs-receiver", std::string(wire::cbs_address)));
    if (!sender || !receiver) {
        return end_with(Error(ErrorCode::protocol_error, "the hub allows no links"));
    }
    cbs_sender_ = *sender;
    cbs_receiver_ = *receiver;
}

void LinkSession::on(amqp::Attached&& event) {
    if (event.link == cbs_receiver_) engine_->set_credit_window(event.link, response_credit);
    if (event.link != link_) return;
    standing_since_ = now_.steady;
    answer_due_.reset();
    on_ready();
}

void LinkSession::on(amqp::CreditGranted&& event) {
    if (event.link == cbs_sender_) put_token();
    if (event.link == link_ && standing_since_) on_ready();
}

void LinkSession::put_token() {
    if (!token_wanted_ || !cbs_sender_ || !engine_->can_send(*cbs_sender_)) return;
    token_wanted_ = false;
    const auto token = account_.make_token(now_.wall);
    renew_at_ = now_.steady + (token.expires_at - now_.wall) - renewal_margin;
    if (!answer_due_) answer_due_ = now_.steady + account_.timeout();
    const Bytes tag = next_tag();
    const Bytes payload = wire::put_token_request(account_.host(), token.text);
    const auto sent = engine_->send(*cbs_sender_, {.tag = tag, .payload = payload});
    if (!sent) end_with(sent.error());
}

Bytes LinkSession::next_tag() {
    Bytes tag;
    ByteWriter(tag).u64(++last_tag_);
    return tag;
}

void LinkSession::on(amqp::Delivered&& event) {
    if (event.link == link_) return on_delivered(std::move(event));
    if (!event.settled) engine_->settle(event.link, event.id, amqp::Accepted{});
    if (event.link == cbs_receiver_) token_answered(event);
}

void LinkSession::token_answered(const amqp::Delivered& event) {
    if (const auto taken = wire::read_put_token_answer(event.payload); !taken) {
        return end_with(taken.error());
    }
    if (standing_since_) answer_due_.reset();
    if (link_) return;
    const auto link = engine_->attach(session_, attach_);
    if (!link) return end_with(link.error());
    link_ = *link;
}

void LinkSession::on(amqp::DispositionReceived&& event) {
    if (event.link == link_) on_disposition(std::move(event));
}

void LinkSession::on(amqp::Detached&& event) {
    end_with(from_condition(event.error, "the hub closed the link"));
}

void LinkSession::on(amqp::Ended&& event) {
    end_with(from_condition(event.error, "the hub ended the session"));
}

void LinkSession::on(amqp::Closed&& event) {
    give_up(from_condition(event.error, "the hub closed the connection"));
}

void LinkSession::on(amqp::Failed&& event) {
    give_up(event.error);
}

void LinkSession::end_with(Error reason) {
    engine_->close();
    give_up(std::move(reason));
}

/// The first reason counts: what follows is its consequence.
void LinkSession::give_up(Error reason) {
    renew_at_.reset();
    answer_due_.reset();
    if (failure_) return;
    failure_ = std::move(reason);
    ended_(*failure_);
    on_ended(*failure_);
}

}  // namespace restante::service
