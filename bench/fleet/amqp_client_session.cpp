#include "amqp_client_session.hpp"

#include <fmt/format.h>

#include "base/byte_reader.hpp"

namespace restante::fleet {
namespace {

constexpr std::uint32_t answers_at_once = 10;

}  // namespace

void AmqpClientSession::start(net::ConnectionHandle, const net::Peer&, Now now) {
    amqp::Options options;
    options.side = amqp::Side::client;
    options.container_id = identity_.container;
    options.hostname = identity_.host;
    if (!identity_.token) options.sasl = amqp::SaslMechanism::anonymous;
    engine_.emplace(std::move(options), now.steady);
    handle_events();
}

void AmqpClientSession::receive(BytesView bytes, Now now) {
    engine_->receive(bytes, now.steady);
    handle_events();
}

void AmqpClientSession::advance(Now now) {
    engine_->advance(now.steady);
    handle_events();
}

void AmqpClientSession::closed(const Error& reason) {
    if (fault_ || !left_) return ended_(fault_.value_or(reason));
    ended_(std::nullopt);
}

void AmqpClientSession::leave() {
    left_ = true;
    engine_->close();
}

void AmqpClientSession::give_up(Error fault) {
    if (!fault_) fault_ = std::move(fault);
    engine_->close();
}

void AmqpClientSession::handle_events() {
    while (auto event = engine_->next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

// -- the token -----------------------------------------------------------------------------------

void AmqpClientSession::on(amqp::Opened&&) {
    const auto session = engine_->begin();
    if (!session) return give_up(session.error());
    session_ = *session;
    if (!identity_.token) return admitted();
    cbs_sender_ = attach_sender("cbs-sender", "$cbs");
    cbs_receiver_ = attach_receiver("cbs-receiver", "$cbs");
}

void AmqpClientSession::on(amqp::Attached&& event) {
    if (event.link == cbs_receiver_) {
        engine_->set_credit_window(event.link, answers_at_once);
    } else if (event.link != cbs_sender_) {
        on_attached(event.link);
    }
}

void AmqpClientSession::on(amqp::CreditGranted&& event) {
    if (event.link != cbs_sender_) return on_credit(event.link);
    if (!std::exchange(token_put_, true)) put_token();
}

void AmqpClientSession::put_token() {
    amqp::Message request;
    request.properties.emplace();
    request.properties->message_id = amqp::Value(fmt::format("request-{}", ++last_request_));
    request.properties->to = "$cbs";
    request.properties->reply_to = "cbs";
    request.application_properties.add("operation", "put-token");
    request.application_properties.add("type", "servicebus.windows.net:sastoken");
    request.application_properties.add("name", identity_.audience);
    request.value = amqp::Value(*identity_.token);
    Bytes tag;
    ByteWriter(tag).u64(last_request_);
    const auto sent =
        engine_->send(*cbs_sender_, {.tag = tag, .payload = amqp::encode_message(request)});
    if (!sent) give_up(sent.error());
}

void AmqpClientSession::on(amqp::Delivered&& event) {
    if (event.link != cbs_receiver_) return on_delivery(std::move(event));
    if (!event.settled) engine_->settle(event.link, event.id, amqp::Accepted{});
    token_answered(event);
}

void AmqpClientSession::token_answered(const amqp::Delivered& event) {
    const auto answer = amqp::decode_message(event.payload);
    const auto* status = answer ? answer->application_properties.find("status-code") : nullptr;
    const auto code = status ? status->integer() : std::nullopt;
    if (code == 200) return admitted();
    give_up(Error(ErrorCode::unauthorized,
                  fmt::format("put-token was answered with status {}", code.value_or(0))));
}

// -- links ---------------------------------------------------------------------------------------

amqp::LinkId AmqpClientSession::attach_sender(const std::string& name, const std::string& target) {
    amqp::Attach wanted;
    wanted.name = name;
    wanted.role = amqp::Role::sender;
    wanted.sender_settle_mode = amqp::SenderSettleMode::unsettled;
    wanted.source.emplace();
    wanted.target.emplace();
    wanted.target->address = target;
    wanted.initial_delivery_count = 0;
    return attach(std::move(wanted));
}

amqp::LinkId AmqpClientSession::attach_receiver(const std::string& name,
                                                const std::string& source) {
    amqp::Attach wanted;
    wanted.name = name;
    wanted.role = amqp::Role::receiver;
    wanted.source.emplace();
    wanted.source->address = source;
    wanted.target.emplace();
    return attach(std::move(wanted));
}

amqp::LinkId AmqpClientSession::attach(amqp::Attach attach) {
    const auto link = engine_->attach(session_, std::move(attach));
    if (link) return *link;
    give_up(link.error());
    return {};
}

// -- the end -------------------------------------------------------------------------------------

void AmqpClientSession::on(amqp::Detached&& event) {
    end_by("detached a link", event.error);
}

void AmqpClientSession::on(amqp::Ended&& event) {
    end_by("ended the session", event.error);
}

void AmqpClientSession::on(amqp::Closed&& event) {
    if (!left_ || event.error) end_by("closed the connection", event.error);
}

void AmqpClientSession::on(amqp::Failed&& event) {
    if (!fault_) fault_ = event.error;
}

void AmqpClientSession::end_by(std::string_view what,
                               const std::optional<amqp::ErrorCondition>& error) {
    give_up(Error(ErrorCode::connection_dropped,
                  error
                      ? fmt::format("the hub {}: {} {}", what, error->condition, error->description)
                      : fmt::format("the hub {}", what)));
}

}  // namespace restante::fleet
