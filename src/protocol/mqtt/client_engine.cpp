#include "protocol/mqtt/client_engine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "protocol/mqtt/overloaded.hpp"

namespace restante::mqtt {
namespace {

std::chrono::seconds whole_seconds(Milliseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time);
}

}  // namespace

Result<void> ClientEngine::connect(const Connect& packet, SteadyTime now) {
    RESTANTE_ASSERT(state_ == State::idle);
    if (auto queued = outbox_.send(packet); !queued) return queued;
    state_ = State::connecting;
    keep_alive_ = std::chrono::seconds(packet.keep_alive_seconds);
    now_ = sent_ = heard_ = now;
    return {};
}

void ClientEngine::receive(BytesView bytes, SteadyTime now) {
    if (finished() || bytes.empty()) return;
    now_ = heard_ = now;
    ping_.reset();
    // An owner that takes its events leaves at most one unfinished packet here.
    if (inbox_.size() > limits_.packet_bytes_max + header_bytes_max) {
        finish();
        failure_.emplace(ErrorCode::protocol_error, "more bytes than could be handled in time");
        return;
    }
    inbox_.append(bytes);
}

std::optional<ClientEngine::Event> ClientEngine::next_event() {
    if (failure_) return Failed{*std::exchange(failure_, std::nullopt)};
    while (!finished()) {
        const auto frame = inbox_.next(limits_.packet_bytes_max);
        if (!frame) return fail_with(frame.error().code, frame.error().message);
        if (!*frame) return std::nullopt;
        auto packet = decode(**frame);
        if (!packet) return fail_with(packet.error().code, packet.error().message);
        if (auto event = on(*std::move(packet))) return event;
    }
    return std::nullopt;
}

std::optional<SteadyTime> ClientEngine::next_deadline() const {
    if (state_ == State::connecting) return sent_ + connack_timeout;
    if (state_ != State::connected || keep_alive_ == Milliseconds(0)) return std::nullopt;
    return ping_ ? std::min(ping_due(), *ping_ + ping_timeout()) : ping_due();
}

void ClientEngine::advance(SteadyTime now) {
    if (finished()) return;
    now_ = std::max(now_, now);
    const auto deadline = next_deadline();
    if (!deadline || now < *deadline) return;
    if (state_ == State::connecting) {
        finish();
        failure_.emplace(ErrorCode::timeout, fmt::format("no answer to CONNECT within {}",
                                                         whole_seconds(connack_timeout)));
        return;
    }
    if (ping_ && now >= *ping_ + ping_timeout()) {
        finish();
        failure_.emplace(ErrorCode::timeout, fmt::format("no answer to PINGREQ within {}",
                                                         whole_seconds(ping_timeout())));
        return;
    }
    static_cast<void>(outbox_.send(PingReq{}));
    sent_ = now_;
    if (!ping_) ping_ = now_;
}

std::optional<ClientEngine::Event> ClientEngine::on(Packet&& packet) {
    using Answer = std::optional<Event>;
    const auto fault = [this](std::string_view reason) -> Answer {
        return fail_with(ErrorCode::protocol_error, std::string(reason));
    };
    if (const auto* ack = std::get_if<ConnAck>(&packet)) return on_conn_ack(*ack);
    if (state_ != State::connected)
        return fault("another packet before CONNACK");  // [MQTT-3.2.0-1]
    return std::visit(Overloaded{
                          [&](Publish& publish) -> Answer {
                              if (publish.qos == QoS::exactly_once) {
                                  return fault("PUBLISH with QoS 2, which is not supported");
                              }
                              return MessageReceived{std::move(publish)};
                          },
                          [&](const PubAck& ack) -> Answer {
                              if (!outbox_.in_flight().close(ack.packet_id, PacketType::pub_ack))
                                  return {};
                              return Acknowledged{ack.packet_id};
                          },
                          [&](SubAck& ack) { return on_sub_ack(ack); },
                          [&](const UnsubAck& ack) -> Answer {
                              if (!outbox_.in_flight().close(ack.packet_id, PacketType::unsub_ack))
                                  return {};
                              return Unsubscribed{ack.packet_id};
                          },
                          [](const PingResp&) -> Answer { return {}; },  // to be heard was all
                          [&](const auto&) { return fault("a packet that only a client sends"); },
                      },
                      packet);
}

ClientEngine::Event ClientEngine::on_conn_ack(const ConnAck& packet) {
    if (state_ != State::connecting) {
        return fail_with(ErrorCode::protocol_error, "CONNACK without CONNECT");
    }
    if (packet.return_code != ConnectReturnCode::accepted) {
        finish();
        return Refused{packet.return_code};
    }
    state_ = State::connected;
    return Connected{packet.session_present};
}

std::optional<ClientEngine::Event> ClientEngine::on_sub_ack(SubAck& packet) {
    const auto filters = outbox_.in_flight().close(packet.packet_id, PacketType::sub_ack);
    if (!filters) return std::nullopt;
    if (*filters != packet.codes.size()) {  // [MQTT-3.8.4-5]
        return fail_with(
            ErrorCode::protocol_error,
            fmt::format("SUBACK has {} codes for {} filters", packet.codes.size(), *filters));
    }
    return Subscribed{packet.packet_id, std::move(packet.codes)};
}

Result<PacketId> ClientEngine::subscribe(std::vector<Subscription> subscriptions) {
    if (state_ != State::connected) return fail(ErrorCode::connection_dropped, "not connected");
    const std::size_t filters = subscriptions.size();
    return sent(outbox_.request(Subscribe{.subscriptions = std::move(subscriptions)},
                                PacketType::sub_ack, filters));
}

Result<PacketId> ClientEngine::unsubscribe(std::vector<std::string> filters) {
    if (state_ != State::connected) return fail(ErrorCode::connection_dropped, "not connected");
    return sent(
        outbox_.request(Unsubscribe{.filters = std::move(filters)}, PacketType::unsub_ack, 1));
}

Result<PacketId> ClientEngine::publish(Publish message) {
    if (state_ != State::connected) return fail(ErrorCode::connection_dropped, "not connected");
    return sent(outbox_.publish(std::move(message)));
}

void ClientEngine::acknowledge(PacketId packet_id) {
    if (state_ != State::connected || packet_id == 0) return;
    const auto queued = outbox_.send(PubAck{.packet_id = packet_id});
    RESTANTE_ASSERT(queued.has_value());
    sent_ = now_;
}

void ClientEngine::disconnect() {
    if (state_ == State::connected) static_cast<void>(outbox_.send(Disconnect{}));
    finish();
}

Milliseconds ClientEngine::ping_timeout() const {
    return std::clamp(keep_alive_ / 2, ping_timeout_min, ping_timeout_max);
}

/// Silence in either direction asks for a PINGREQ: ours, or the server drops us [MQTT-3.1.2-23];
/// the server's, or a client that only publishes QoS 0 never notices a dead connection.
SteadyTime ClientEngine::ping_due() const {
    return (ping_ ? sent_ : std::min(sent_, heard_)) + keep_alive_;
}

Result<PacketId> ClientEngine::sent(Result<PacketId> id) {
    if (id) sent_ = now_;
    return id;
}

void ClientEngine::finish() {
    state_ = State::finished;
    inbox_.clear();
}

ClientEngine::Event ClientEngine::fail_with(ErrorCode code, std::string reason) {
    finish();
    return Failed{Error(code, std::move(reason))};
}

}  // namespace restante::mqtt
