#include <algorithm>
#include <utility>

#include "protocol/amqp/condition.hpp"
#include "protocol/amqp/connection.hpp"

namespace restante::amqp {
namespace {

// uamqp looks for MSSBCBS, and only in an array.
constexpr const char* mechanism_mssbcbs = "MSSBCBS";
constexpr const char* mechanism_plain = "PLAIN";
constexpr const char* mechanism_anonymous = "ANONYMOUS";
constexpr const char* mechanism_external = "EXTERNAL";

std::vector<Symbol> offered(const Options& options) {
    std::vector<Symbol> mechanisms = {
        {mechanism_mssbcbs}, {mechanism_plain}, {mechanism_anonymous}};
    if (options.offer_external) mechanisms.push_back({mechanism_external});
    return mechanisms;
}

bool contains(const std::vector<Symbol>& mechanisms, const std::string& name) {
    return std::ranges::find(mechanisms, Symbol{name}) != mechanisms.end();
}

std::string name_of(SaslMechanism mechanism) {
    switch (mechanism) {
        case SaslMechanism::mssbcbs:
            return mechanism_mssbcbs;
        case SaslMechanism::plain:
            return mechanism_plain;
        case SaslMechanism::external:
            return mechanism_external;
        case SaslMechanism::anonymous:
        case SaslMechanism::none:
            break;
    }
    return mechanism_anonymous;
}

/// RFC 4616, without an authorization identity.
Bytes plain_response(const Options& options) {
    Bytes response{0};
    append(response, options.user);
    response.push_back(0);
    append(response, options.password);
    return response;
}

}  // namespace

void Connection::write_header(const ProtocolHeader& header) {
    output_.bytes(header);
}

bool Connection::read_header() {
    const auto header = input_.header();
    if (!header) return false;
    const bool is_server = options_.side == Side::server;
    if (*header == amqp_header && (sasl_done_ || is_server)) {
        if (is_server) write_header(amqp_header);
        state_ = State::opening;
        return true;
    }
    if (*header == sasl_header && !sasl_done_) {
        if (is_server) {
            write_header(sasl_header);
            output_.sasl_frame(SaslMechanisms{.mechanisms = offered(options_)});
        }
        state_ = State::sasl;
        return true;
    }
    // AMQP 2.2: answer with a header we would have taken, and close.
    if (is_server) write_header(amqp_header);
    fail_connection(ErrorCode::malformed, condition::framing_error, "no AMQP 1.0 header");
    return true;
}

void Connection::on_sasl(BytesView body) {
    auto frame = decode_sasl_frame(body);
    if (!frame) {
        return fail_connection(frame.error().code, condition::decode_error, frame.error().message);
    }
    if (options_.side == Side::server) {
        if (auto* init = std::get_if<SaslInit>(&*frame)) return on_init(*init);
    } else if (const auto* mechanisms = std::get_if<SaslMechanisms>(&*frame)) {
        return on_mechanisms(*mechanisms);
    } else if (const auto* outcome = std::get_if<SaslOutcome>(&*frame)) {
        return on_outcome(*outcome);
    }
    fail_connection(ErrorCode::protocol_error, condition::not_allowed,
                    "a SASL frame that was not its turn");
}

void Connection::on_init(SaslInit& init) {
    sasl_asked_ = true;
    if (!contains(offered(options_), init.mechanism)) {
        sasl_outcome(SaslCode::auth);
        return finish(Failed{
            .error = Error(ErrorCode::unauthorized, "a SASL mechanism that was not offered")});
    }
    events_.push(SaslRequested{.mechanism = std::move(init.mechanism),
                               .initial_response = std::move(init.initial_response),
                               .hostname = std::move(init.hostname).value_or("")});
}

void Connection::sasl_outcome(SaslCode code) {
    if (!sasl_asked_ || finished()) return;
    sasl_asked_ = false;
    sasl_done_ = true;
    output_.sasl_frame(SaslOutcome{.code = code});
    state_ = code == SaslCode::ok ? State::header : State::finished;
}

void Connection::on_mechanisms(const SaslMechanisms& mechanisms) {
    const std::string name = name_of(options_.sasl);
    if (std::exchange(sasl_sent_, true) || !contains(mechanisms.mechanisms, name)) {
        return fail_connection(ErrorCode::unauthorized, condition::not_allowed,
                               "the server does not offer SASL " + name);
    }
    SaslInit init{.mechanism = name};
    if (options_.sasl == SaslMechanism::plain) init.initial_response = plain_response(options_);
    if (options_.sasl == SaslMechanism::external) init.initial_response = Bytes{};
    if (!options_.hostname.empty()) init.hostname = options_.hostname;
    output_.sasl_frame(init);
}

void Connection::on_outcome(const SaslOutcome& outcome) {
    if (outcome.code != SaslCode::ok || !sasl_sent_) {
        return fail_connection(ErrorCode::unauthorized, condition::unauthorized_access,
                               "the server refused the SASL credentials");
    }
    sasl_done_ = true;
    state_ = State::header;
    write_header(amqp_header);
    send_open();
}

/// Once; a connection that fails before it opened must open to say why (AMQP 2.4.1).
void Connection::send_open() {
    if (std::exchange(open_sent_, true)) return;
    Open open{.container_id = options_.container_id,
              .max_frame_size = options_.frame_bytes_max,
              .channel_max = channel_max,
              .idle_time_out_ms = static_cast<std::uint32_t>(options_.idle_time_out.count())};
    if (!options_.hostname.empty()) open.hostname = options_.hostname;
    output_.frame(0, open);
}

void Connection::on_open(Open& open) {
    if (state_ == State::open) {
        return fail_connection(ErrorCode::protocol_error, condition::not_allowed, "a second open");
    }
    if (open.max_frame_size < frame_bytes_min_max) {
        return fail_connection(ErrorCode::protocol_error, condition::invalid_field,
                               "a max-frame-size below 512");
    }
    const Milliseconds idle(open.idle_time_out_ms.value_or(0));
    if (idle.count() != 0 && idle < peer_idle_time_out_min) {
        return fail_connection(ErrorCode::protocol_error, condition::invalid_field,
                               "an idle-time-out below one second");
    }
    if (idle.count() != 0) timing_.beat = idle / 2;
    send_open();
    output_.limit_frames(std::min(open.max_frame_size, frame_bytes_max));
    peer_channel_max_ = open.channel_max;
    state_ = State::open;
    events_.push(Opened{.open = std::move(open)});
}

void Connection::on_close(Close& close) {
    if (state_ != State::closing) {
        send_open();
        output_.frame(0, Close{});
    }
    finish(Closed{.error = std::move(close.error)});
}

}  // namespace restante::amqp
