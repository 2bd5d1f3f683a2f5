#include "send_session.hpp"

#include <utility>

#include "base/byte_reader.hpp"
#include "protocol/amqp/message.hpp"
#include "wire/error_table.hpp"

namespace restante::service {
namespace {

/// A token is renewed this long before it expires, on the links it was put on.
constexpr std::chrono::minutes renewal_margin{15};

constexpr std::uint32_t response_credit = 10;

amqp::Attach sender_to(const std::string& name, const std::string& address) {
    amqp::Attach attach;
    attach.name = name;
    attach.role = amqp::Role::sender;
    attach.sender_settle_mode = amqp::SenderSettleMode::unsettled;
    attach.source.emplace();
    attach.target.emplace();
    attach.target->address = address;
    attach.initial_delivery_count = 0;
    return attach;
}

amqp::Attach receiver_from(const std::string& name, const std::string& address) {
    amqp::Attach attach;
    attach.name = name;
    attach.role = amqp::Role::receiver;
    attach.source.emplace();
    attach.source->address = address;
    attach.target.emplace();
    return attach;
}

Error from_condition(const std::optional<amqp::ErrorCondition>& error, std::string_view fallback) {
    if (!error) return Error(ErrorCode::connection_dropped, std::string(fallback));
    return wire::amqp_error(error->condition, error->description);
}

}  // namespace

void SendSession::send(Bytes message, Answer answer) {
    if (failure_) return answer(std::unexpected(*failure_));
    waiting_.push_back({.message = std::move(message), .answer = std::move(answer)});
    flush();
}

void SendSession::start(net::ConnectionHandle, const net::Peer&, Now now) {
    now_ = now;
    amqp::Options options;
    options.side = amqp::Side::client;
    options.container_id = "restante-service-" + Uuid::random().to_string();
    options.hostname = account_.host();
    engine_.emplace(std::move(options), now.steady);
    handle_events();
}

void SendSession::receive(BytesView bytes, Now now) {
    now_ = now;
    engine_->receive(bytes, now.steady);
    handle_events();
}

Bytes SendSession::take_output() {
    return engine_ ? engine_->take_output() : Bytes{};
}

std::optional<SteadyTime> SendSession::next_deadline() const {
    const auto deadline = engine_->next_deadline();
    if (!renew_at_ || finished()) return deadline;
    return deadline ? std::min(*deadline, *renew_at_) : *renew_at_;
}

void SendSession::advance(Now now) {
    now_ = now;
    engine_->advance(now.steady);
    handle_events();
    if (renew_at_ && now.steady >= *renew_at_) {
        renew_at_.reset();
        token_wanted_ = true;
        put_token();
    }
}

void SendSession::closed(const Error& reason) {
    give_up(reason);
}

void SendSession::handle_events() {
    while (auto event = engine_->next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

void SendSession::on(amqp::Opened&&) {
    const auto session = engine_->begin();
    if (!session) return give_up(session.error());
    session_ = *session;
    const auto sender = engine_->attach(session_, sender_to("cbs-sender", "$cbs"));
    const auto receiver = engine_->attach(session_, receiver_from("cbs-receiver", "$cbs"));
    if (!sender || !receiver) {
        return give_up(Error(ErrorCode::protocol_error, "the hub allows no links"));
    }
    cbs_sender_ = *sender;
    cbs_receiver_ = *receiver;
}

void SendSession::on(amqp::Attached&& event) {
    if (event.link == cbs_receiver_) engine_->set_credit_window(event.link, response_credit);
}

void SendSession::on(amqp::CreditGranted&& event) {
    if (event.link == cbs_sender_) put_token();
    if (event.link == sender_) flush();
}

void SendSession::put_token() {
    if (!token_wanted_ || !cbs_sender_ || !engine_->can_send(*cbs_sender_)) return;
    token_wanted_ = false;
    const auto token = account_.make_token();
    renew_at_ = now_.steady + (token.expires_at - now_.wall) - renewal_margin;
    amqp::Message request;
    request.properties.emplace();
    request.properties->message_id = amqp::Value(Uuid::random().to_string());
    request.properties->to = "$cbs";
    request.properties->reply_to = "cbs";
    request.application_properties.add("operation", "put-token");
    request.application_properties.add("type", "servicebus.windows.net:sastoken");
    request.application_properties.add("name", account_.host());
    request.value = amqp::Value(token.text);
    Bytes tag;
    ByteWriter(tag).u64(++last_tag_);
    const Bytes payload = amqp::encode_message(request);
    const auto sent = engine_->send(*cbs_sender_, {.tag = tag, .payload = payload});
    if (!sent) give_up(sent.error());
}

void SendSession::on(amqp::Delivered&& event) {
    if (!event.settled) engine_->settle(event.link, event.id, amqp::Accepted{});
    if (event.link == cbs_receiver_) token_answered(event);
}

void SendSession::token_answered(const amqp::Delivered& event) {
    const auto response = amqp::decode_message(event.payload);
    const amqp::Value* status =
        response ? response->application_properties.find("status-code") : nullptr;
    const auto code = status ? status->integer() : std::nullopt;
    if (code != 200 && code != 202) {
        engine_->close();
        return give_up(Error(ErrorCode::unauthorized,
                             "the hub refused the token: check the policy's name, its key and this "
                             "machine's clock"));
    }
    if (sender_) return;
    const auto sender =
        engine_->attach(session_, sender_to("devicebound-sender", "/messages/devicebound"));
    if (!sender) return give_up(sender.error());
    sender_ = *sender;
}

void SendSession::flush() {
    while (!waiting_.empty() && sender_ && engine_->can_send(*sender_)) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        Bytes tag;
        ByteWriter(tag).u64(++last_tag_);
        const auto sent = engine_->send(*sender_, {.tag = tag, .payload = next.message});
        if (!sent) {
            next.answer(std::unexpected(sent.error()));
            continue;
        }
        sent_.emplace(*sent, std::move(next.answer));
    }
}

void SendSession::on(amqp::DispositionReceived&& event) {
    if (event.link != sender_) return;
    const auto sent = sent_.find(event.id);
    if (sent == sent_.end()) return;
    Answer answer = std::move(sent->second);
    sent_.erase(sent);
    if (!event.settled) engine_->settle_sent(event.link, event.id, amqp::Accepted{});
    if (event.state && std::holds_alternative<amqp::Accepted>(*event.state)) return answer({});
    const auto* rejected = event.state ? std::get_if<amqp::Rejected>(&*event.state) : nullptr;
    answer(std::unexpected(from_condition(rejected ? rejected->error : std::nullopt,
                                          "the hub did not take the message")));
}

void SendSession::on(amqp::Detached&& event) {
    engine_->close();
    give_up(from_condition(event.error, "the hub closed the link"));
}

void SendSession::on(amqp::Ended&& event) {
    engine_->close();
    give_up(from_condition(event.error, "the hub ended the session"));
}

void SendSession::on(amqp::Closed&& event) {
    give_up(from_condition(event.error, "the hub closed the connection"));
}

void SendSession::on(amqp::Failed&& event) {
    give_up(event.error);
}

/// The first reason counts: what follows is its consequence.
void SendSession::give_up(Error reason) {
    if (!failure_) {
        failure_ = std::move(reason);
        ended_(*failure_);
    }
    renew_at_.reset();
    auto waiting = std::exchange(waiting_, {});
    auto sent = std::exchange(sent_, {});
    for (auto& entry : waiting) entry.answer(std::unexpected(*failure_));
    for (auto& [id, answer] : sent) answer(std::unexpected(*failure_));
}

}  // namespace restante::service
