#include "protocol/mqtt/server_engine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "protocol/mqtt/overloaded.hpp"

namespace restante::mqtt {
namespace {

/// MQTT 5 CONNACK: no session, reason 0x84 "unsupported protocol version", no properties. A
/// client of that version could not read ours.
constexpr std::array<std::uint8_t, 5> mqtt5_refusal{0x20, 0x03, 0x00, 0x84, 0x00};
constexpr std::uint8_t mqtt5_level = 5;

/// One and a half times the keep-alive [MQTT-3.1.2-24]; 0 promises nothing and gets the maximum.
Milliseconds silence_limit(std::uint16_t keep_alive_seconds, Milliseconds silence_max) {
    if (keep_alive_seconds == 0) return silence_max;
    return std::min(Milliseconds(keep_alive_seconds * 1500), silence_max);
}

std::chrono::seconds whole_seconds(Milliseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time);
}

}  // namespace

ServerEngine::ServerEngine(const ServerLimits& limits, SteadyTime opened)
    : limits_(limits),
      opened_(opened),
      received_(opened),
      heard_(opened),
      silence_limit_(limits.silence_max),
      outbox_(limits.in_flight_max) {}

void ServerEngine::receive(BytesView bytes, SteadyTime now) {
    if (finished() || bytes.empty()) return;
    received_ = now;
    if (state_ != State::connected && inbox_.size() + bytes.size() > unaccepted_bytes_max) {
        finish();
        failure_.emplace(ErrorCode::protocol_error,
                         fmt::format("more than {} bytes before the connection was accepted",
                                     unaccepted_bytes_max));
        return;
    }
    // An owner that takes its events leaves at most one unfinished packet here.
    if (inbox_.size() > limits_.packet_bytes_max + header_bytes_max) {
        finish();
        failure_.emplace(ErrorCode::protocol_error, "more bytes than could be handled in time");
        return;
    }
    inbox_.append(bytes);
}

std::optional<ServerEngine::Event> ServerEngine::next_event() {
    if (failure_) return Failed{*std::exchange(failure_, std::nullopt)};
    while (state_ == State::awaiting_connect || state_ == State::connected) {
        const auto frame = inbox_.next(state_ == State::connected ? limits_.packet_bytes_max
                                                                  : unaccepted_bytes_max);
        if (!frame) return fail_with(frame.error());
        if (!*frame) return std::nullopt;
        heard_ = received_;
        if (auto event = handle(**frame)) return event;
    }
    return std::nullopt;
}

std::optional<SteadyTime> ServerEngine::next_deadline() const {
    if (finished()) return std::nullopt;
    if (connected()) return heard_ + silence_limit_;
    return opened_ + limits_.connect_timeout;
}

void ServerEngine::advance(SteadyTime now) {
    const auto deadline = next_deadline();
    if (!deadline || now < *deadline) return;
    std::string reason;
    switch (state_) {
        case State::awaiting_connect:
            reason = fmt::format("no CONNECT within {}", whole_seconds(limits_.connect_timeout));
            break;
        case State::connect_requested:
            reason = fmt::format("CONNECT was not answered within {}",
                                 whole_seconds(limits_.connect_timeout));
            break;
        default:
            reason = fmt::format("no packet for {}", whole_seconds(silence_limit_));
            break;
    }
    finish();
    failure_.emplace(ErrorCode::timeout, std::move(reason));
}

std::optional<ServerEngine::Event> ServerEngine::handle(const Frame& frame) {
    if (state_ == State::awaiting_connect) return handle_first(frame);
    auto packet = decode(frame);
    if (!packet) return fail_with(std::move(packet).error());
    return on(*std::move(packet));
}

std::optional<ServerEngine::Event> ServerEngine::handle_first(const Frame& frame) {
    if (frame.type != PacketType::connect) {  // [MQTT-3.1.0-1]
        return fail_with(
            Error(ErrorCode::protocol_error, fmt::format("{} before CONNECT", name(frame.type))));
    }
    const auto level = connect_level(frame);
    if (level && *level != protocol_level) return refuse_level(*level);
    auto packet = decode(frame);
    if (!packet) return fail_with(std::move(packet).error());

    auto& connect = std::get<Connect>(*packet);
    if (connect.client_id.empty() && !connect.clean_session) {  // [MQTT-3.1.3-8]
        static_cast<void>(
            outbox_.send(ConnAck{.return_code = ConnectReturnCode::identifier_rejected}));
        return fail_with(Error(ErrorCode::protocol_error,
                               "CONNECT has an empty client id without clean session"));
    }
    silence_limit_ = silence_limit(connect.keep_alive_seconds, limits_.silence_max);
    state_ = State::connect_requested;
    return ConnectRequested{std::move(connect)};
}

/// [MQTT-3.1.2-2]
ServerEngine::Event ServerEngine::refuse_level(std::uint8_t level) {
    if (level == mqtt5_level) {
        outbox_.send_raw(mqtt5_refusal);
    } else {
        static_cast<void>(
            outbox_.send(ConnAck{.return_code = ConnectReturnCode::unacceptable_protocol_version}));
    }
    return fail_with(
        Error(ErrorCode::protocol_error,
              fmt::format("CONNECT asks for {}protocol level {}; only level 4 (MQTT 3.1.1) is "
                          "spoken",
                          level == mqtt5_level ? "MQTT 5, " : "", level)));
}

std::optional<ServerEngine::Event> ServerEngine::on(Packet&& packet) {
    using Answer = std::optional<Event>;
    const auto fault = [this](std::string_view reason) -> Answer {
        return fail_with(Error(ErrorCode::protocol_error, std::string(reason)));
    };
    return std::visit(
        Overloaded{
            [&](Publish& publish) -> Answer {
                if (publish.qos == QoS::exactly_once) {
                    return fault("PUBLISH with QoS 2, which is not supported");
                }
                return PublishReceived{std::move(publish)};
            },
            [&](const PubAck& ack) -> Answer {
                // An id we do not know is no fault: its message may be gone by now.
                if (!outbox_.in_flight().close(ack.packet_id, PacketType::pub_ack)) return {};
                return Acknowledged{ack.packet_id};
            },
            [](Subscribe& subscribe) -> Answer {
                return SubscribeRequested{subscribe.packet_id, std::move(subscribe.subscriptions)};
            },
            [](Unsubscribe& unsubscribe) -> Answer {
                return UnsubscribeRequested{unsubscribe.packet_id, std::move(unsubscribe.filters)};
            },
            [&](const PingReq&) -> Answer {  // [MQTT-3.12.4-1]
                static_cast<void>(outbox_.send(PingResp{}));
                return {};
            },
            [&](const Disconnect&) -> Answer {
                finish();
                return Disconnected{};
            },
            [&](const Connect&) { return fault("a second CONNECT"); },  // [MQTT-3.1.0-2]
            [&](const ConnAck&) { return fault("CONNACK from a client"); },
            [&](const SubAck&) { return fault("SUBACK from a client"); },
            [&](const UnsubAck&) { return fault("UNSUBACK from a client"); },
            [&](const PingResp&) { return fault("PINGRESP from a client"); },
        },
        packet);
}

void ServerEngine::accept(bool session_present) {
    if (finished()) return;
    RESTANTE_ASSERT(state_ == State::connect_requested);
    state_ = State::connected;
    static_cast<void>(outbox_.send(ConnAck{.session_present = session_present}));
}

void ServerEngine::refuse(ConnectReturnCode code) {
    if (finished()) return;
    RESTANTE_ASSERT(state_ == State::connect_requested && code != ConnectReturnCode::accepted);
    static_cast<void>(outbox_.send(ConnAck{.return_code = code}));
    finish();
}

void ServerEngine::subscribe_answer(PacketId packet_id, std::vector<std::uint8_t> codes) {
    if (state_ != State::connected) return;
    const auto sent = outbox_.send(SubAck{.packet_id = packet_id, .codes = std::move(codes)});
    RESTANTE_ASSERT(sent.has_value());
}

void ServerEngine::unsubscribe_answer(PacketId packet_id) {
    if (state_ != State::connected) return;
    const auto sent = outbox_.send(UnsubAck{.packet_id = packet_id});
    RESTANTE_ASSERT(sent.has_value());
}

void ServerEngine::acknowledge(PacketId packet_id) {
    if (state_ != State::connected || packet_id == 0) return;
    const auto sent = outbox_.send(PubAck{.packet_id = packet_id});
    RESTANTE_ASSERT(sent.has_value());
}

Result<PacketId> ServerEngine::publish(Publish message) {
    if (state_ != State::connected) {
        return fail(ErrorCode::connection_dropped, "the client is not connected");
    }
    return outbox_.publish(std::move(message));
}

void ServerEngine::release(PacketId packet_id) {
    outbox_.in_flight().close(packet_id, PacketType::pub_ack);
}

void ServerEngine::close() {
    finish();
}

void ServerEngine::finish() {
    state_ = State::finished;
    inbox_.clear();
}

ServerEngine::Event ServerEngine::fail_with(Error error) {
    finish();
    return Failed{std::move(error)};
}

}  // namespace restante::mqtt
