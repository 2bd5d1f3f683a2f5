#include "amqp_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/uuid.hpp"
#include "core.hpp"
#include "message_properties.hpp"
#include "protocol/amqp/attach.hpp"
#include "protocol/amqp/message.hpp"
#include "wire/amqp_message.hpp"
#include "wire/cbs.hpp"
#include "wire/error_table.hpp"

namespace restante::device {
namespace {

constexpr std::uint32_t response_credit = 10;

/// Messages that the hub may have on the way to a handler at a time; they are locked meanwhile.
constexpr std::uint32_t devicebound_credit = 50;

/// Below, a hub takes the announcement for a mistake.
constexpr Milliseconds idle_time_out_min = std::chrono::seconds(5);

constexpr std::string_view events = "/messages/events";
constexpr std::string_view devicebound = "/messages/devicebound";

amqp::DeliveryState state_of(Settlement settlement) {
    switch (settlement) {
        case Settlement::complete:
            return amqp::Accepted{};
        case Settlement::abandon:
            return amqp::Released{};
        case Settlement::reject:
            break;
    }
    return amqp::Rejected{};
}

}  // namespace

void AmqpSession::start(net::ConnectionHandle handle, const net::Peer&, Now now) {
    handle_ = std::move(handle);
    if (core_ != nullptr) core_->on_established();
    amqp::Options options;
    options.side = amqp::Side::client;
    options.container_id = "restante-device-" + Uuid::random().to_string();
    options.hostname = configuration_.hub;
    // Silence of twice as long ends the connection: one and a half times keep_alive, as by MQTT.
    options.idle_time_out = std::max<Milliseconds>(
        idle_time_out_min, Milliseconds(configuration_.options.keep_alive) * 3 / 4);
    engine_.emplace(std::move(options), now.steady);
    handle_events();
}

void AmqpSession::receive(BytesView bytes, Now now) {
    engine_->receive(bytes, now.steady);
    handle_events();
}

void AmqpSession::advance(Now now) {
    engine_->advance(now.steady);
    handle_events();
}

void AmqpSession::handle_events() {
    while (auto event = engine_->next_event()) {
        std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
}

// -- until the hub has accepted the device -------------------------------------------------------

std::string AmqpSession::address(std::string_view endpoint) const {
    return fmt::format("/{}{}", configuration_.identity.path(), endpoint);
}

std::optional<amqp::LinkId> AmqpSession::attach(amqp::Role role, std::string_view endpoint) {
    const bool sends = role == amqp::Role::sender;
    auto name = fmt::format("{}-{}", sends ? "sender" : "receiver", Uuid::random().to_string());
    const auto link = engine_->attach(
        session_, sends ? amqp::sender_attach(std::move(name), std::string(endpoint))
                        : amqp::receiver_attach(std::move(name), std::string(endpoint)));
    if (link) return *link;
    give_up(link.error());
    return std::nullopt;
}

void AmqpSession::on(amqp::Opened&&) {
    const auto session = engine_->begin();
    if (!session) return give_up(session.error());
    session_ = *session;
    if (token_.empty()) return attach_sender();
    cbs_sender_ = attach(amqp::Role::sender, wire::cbs_address);
    cbs_receiver_ = attach(amqp::Role::receiver, wire::cbs_address);
}

void AmqpSession::on(amqp::Attached&& event) {
    if (event.link == cbs_receiver_) {
        engine_->set_credit_window(event.link, response_credit);
    } else if (event.link == sender_) {
        accepted_ = true;
        if (core_ != nullptr) core_->on_accepted(false);
    } else if (event.link == receiver_) {
        engine_->set_credit_window(event.link, devicebound_credit);
        if (core_ != nullptr) core_->on_subscribed(true);
    }
}

void AmqpSession::on(amqp::CreditGranted&& event) {
    if (event.link == cbs_sender_) put_token();
    if (event.link == sender_) flush();
}

void AmqpSession::put_token() {
    if (token_.empty() || !engine_->can_send(*cbs_sender_)) return;
    const Bytes payload =
        wire::put_token_request(configuration_.resource(), std::exchange(token_, {}));
    Bytes tag;
    ByteWriter(tag).u64(++last_tag_);
    const auto sent = engine_->send(*cbs_sender_, {.tag = tag, .payload = payload});
    if (!sent) give_up(sent.error());
}

void AmqpSession::on_token_answer(BytesView answer) {
    if (const auto taken = wire::read_put_token_answer(answer); !taken) {
        give_up(taken.error());
    } else if (!sender_) {
        attach_sender();
    }
}

void AmqpSession::attach_sender() {
    sender_ = attach(amqp::Role::sender, address(events));
}

// -- messages ------------------------------------------------------------------------------------

void AmqpSession::subscribe() {
    receiver_ = attach(amqp::Role::receiver, address(devicebound));
}

void AmqpSession::unsubscribe() {
    if (receiver_) engine_->detach(*std::exchange(receiver_, std::nullopt));
    if (core_ != nullptr) core_->on_unsubscribed();
}

void AmqpSession::on(amqp::Delivered&& event) {
    if (event.link == receiver_) return on_devicebound(std::move(event));
    if (!event.settled) engine_->settle(event.link, event.id, amqp::Accepted{});
    if (event.link == cbs_receiver_) on_token_answer(event.payload);
}

void AmqpSession::on_devicebound(amqp::Delivered&& event) {
    if (core_ == nullptr) return;
    auto decoded = amqp::decode_message(event.payload);
    auto read = decoded ? wire::from_devicebound(*std::move(decoded))
                        : Result<model::CloudToDeviceMessage>(std::unexpected(decoded.error()));
    if (!read) {
        if (!event.settled) engine_->settle(event.link, event.id, amqp::Rejected{});
        return core_->on_discarded(read.error().message);
    }
    Settle settle;
    if (!event.settled) {
        // Runs while the connection stands, hence while this session lives, or not at all.
        settle = [this, handle = handle_, link = event.link, id = event.id](Settlement settlement) {
            handle.post(
                [this, link, id, settlement] { engine_->settle(link, id, state_of(settlement)); });
        };
    }
    core_->on_message(to_message(*std::move(read)), std::move(settle));
}

Outcome AmqpSession::send(std::uint64_t number, const Message& message) {
    const auto encoded = wire::telemetry_to_amqp(to_properties(message), as_bytes(message.data));
    if (!encoded) return Failure{FailureKind::refused, encoded.error().message};
    waiting_.push_back({.number = number, .payload = amqp::encode_message(*encoded)});
    flush();
    return std::nullopt;
}

void AmqpSession::flush() {
    while (!waiting_.empty() && engine_->can_send(*sender_)) {
        const Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        Bytes tag;
        ByteWriter(tag).u64(++last_tag_);
        const auto sent = engine_->send(*sender_, {.tag = tag, .payload = next.payload});
        if (sent) {
            sent_.emplace(*sent, next.number);
        } else if (core_ != nullptr) {
            core_->on_sent(next.number, Failure{FailureKind::refused, sent.error().message});
        }
    }
}

void AmqpSession::on(amqp::DispositionReceived&& event) {
    const auto sent = event.link == sender_ ? sent_.find(event.id) : sent_.end();
    if (sent == sent_.end()) return;
    const std::uint64_t number = sent->second;
    sent_.erase(sent);
    if (!event.settled) engine_->settle_sent(event.link, event.id, amqp::Accepted{});
    if (core_ == nullptr) return;
    if (event.state && std::holds_alternative<amqp::Accepted>(*event.state)) {
        return core_->on_sent(number, std::nullopt);
    }
    const auto* rejected = event.state ? std::get_if<amqp::Rejected>(&*event.state) : nullptr;
    const auto reason =
        rejected != nullptr && rejected->error
            ? wire::amqp_error(rejected->error->condition, rejected->error->description)
            : wire::HubError(Error(ErrorCode::server_error, "the hub did not take the message"), 0);
    core_->on_sent(number, Failure{FailureKind::refused, reason.message, reason.number});
}

// -- the end -------------------------------------------------------------------------------------

void AmqpSession::on(amqp::Detached&& event) {
    if (event.link == receiver_ && core_ != nullptr && core_->awaits_subscription()) {
        receiver_.reset();
        return core_->on_subscribed(false);
    }
    give_up(event.error, "the hub closed a link");
}

void AmqpSession::on(amqp::Ended&& event) {
    give_up(event.error, "the hub ended the session");
}

void AmqpSession::on(amqp::Closed&& event) {
    give_up(event.error, "the hub closed the connection");
}

void AmqpSession::on(amqp::Failed&& event) {
    give_up(event.error);
}

void AmqpSession::give_up(const std::optional<amqp::ErrorCondition>& error,
                          std::string_view fallback) {
    if (!error) return give_up(Error(ErrorCode::connection_dropped, std::string(fallback)));
    const auto said = wire::amqp_error(error->condition, error->description);
    give_up(said, said.number);
}

void AmqpSession::give_up(const Error& reason, std::uint32_t number) {
    if (!failure_) failure_ = failure_of_hub(reason, accepted_, number);
    engine_->close();
}

}  // namespace restante::device
