#include "protocol/amqp/connection.hpp"

#include <algorithm>
#include <type_traits>

#include "protocol/amqp/condition.hpp"

namespace restante::amqp {

Connection::Connection(Options options, SteadyTime opened) : options_(std::move(options)) {
    timing_ = Timing{.now = opened, .opened = opened, .heard = opened, .spoken = opened};
    if (options_.side == Side::server) return;
    authenticated_ = true;
    sasl_done_ = options_.sasl == SaslMechanism::none;
    write_header(sasl_done_ ? amqp_header : sasl_header);
    if (sasl_done_) send_open();
}

void Connection::receive(BytesView bytes, SteadyTime now) {
    timing_.now = now;
    if (finished() || bytes.empty()) return;
    input_.append(bytes);
}

std::optional<Event> Connection::next_event() {
    for (;;) {
        if (auto event = events_.pop()) return event;
        if (finished() || !read_one()) return std::nullopt;
    }
}

Bytes Connection::take_output() {
    if (!draining_.empty()) finish_drains();
    if (output_.overflowed() && !finished()) {
        fail_connection(ErrorCode::protocol_error, condition::not_allowed,
                        "an answer is larger than the peer's max-frame-size");
    }
    if (!output_.empty()) timing_.spoken = timing_.now;
    return output_.take();
}

std::optional<SteadyTime> Connection::next_deadline() const {
    if (finished()) return std::nullopt;
    if (timing_.closing_until) return timing_.closing_until;
    SteadyTime deadline = timing_.heard + 2 * options_.idle_time_out;
    if (!started()) {
        deadline = std::min(deadline, timing_.opened + options_.start_timeout);
    }
    if (timing_.beat) deadline = std::min(deadline, timing_.spoken + *timing_.beat);
    return deadline;
}

void Connection::advance(SteadyTime now) {
    timing_.now = now;
    if (finished()) return;
    if (timing_.closing_until) {
        if (now >= *timing_.closing_until) finish(Closed{});
        return;
    }
    if (!started() && now >= timing_.opened + options_.start_timeout) {
        return fail_connection(ErrorCode::timeout, condition::resource_limit_exceeded,
                               "no proof of identity within the start timeout");
    }
    if (now >= timing_.heard + 2 * options_.idle_time_out) {
        return fail_connection(ErrorCode::timeout, condition::resource_limit_exceeded,
                               "silent for longer than the idle time-out");
    }
    if (timing_.beat && now >= timing_.spoken + *timing_.beat) {
        // What waits to be written speaks for us as well.
        if (output_.empty()) output_.empty_frame();
        timing_.spoken = now;
    }
}

/// Whether anything was read; if not, more bytes or an answer of the application's are needed.
bool Connection::read_one() {
    if (sasl_asked_) return false;
    if (state_ == State::header) return read_header();
    const auto frame =
        input_.next(state_ == State::sasl ? sasl_frame_bytes_max : options_.frame_bytes_max);
    if (!frame) {
        fail_connection(frame.error().code, condition::framing_error, frame.error().message);
        return true;
    }
    if (!*frame) return false;
    timing_.heard = timing_.now;  // AMQP 2.4.5 counts frames: one that never ends is silence
    handle(**frame);
    return true;
}

void Connection::handle(const Frame& frame) {
    const FrameType expected = state_ == State::sasl ? FrameType::sasl : FrameType::amqp;
    if (frame.type != static_cast<std::uint8_t>(expected)) {
        return fail_connection(ErrorCode::protocol_error, condition::framing_error,
                               "a frame of the wrong type");
    }
    if (state_ == State::sasl) return on_sasl(frame.body);
    if (frame.body.empty()) return;
    ByteReader body(frame.body);
    auto performative = read_performative(body);
    if (!performative) {
        return fail_connection(performative.error().code, condition::decode_error,
                               performative.error().message);
    }
    dispatch(frame.channel, *performative, body.take_rest());
}

void Connection::dispatch(std::uint16_t channel, Performative& performative, BytesView payload) {
    if (auto* close = std::get_if<Close>(&performative)) return on_close(*close);
    if (state_ == State::closing) return;
    if (auto* open = std::get_if<Open>(&performative)) return on_open(*open);
    if (state_ != State::open) {
        return fail_connection(ErrorCode::protocol_error, condition::not_allowed,
                               "a frame before open");
    }
    if (const auto* begin = std::get_if<Begin>(&performative)) return on_begin(channel, *begin);

    Session* session = tables_.on_channel(channel);
    if (session == nullptr) {
        return fail_connection(ErrorCode::protocol_error, condition::not_allowed,
                               "a frame on a channel without a session");
    }
    if (auto* end = std::get_if<End>(&performative)) return on_end(*session, *end);
    if (session->state == SessionState::ending) return;
    std::visit(
        [&](auto& body) {
            using T = std::remove_cvref_t<decltype(body)>;
            if constexpr (std::is_same_v<T, Transfer>) on_transfer(*session, body, payload);
            if constexpr (std::is_same_v<T, Disposition>) on_disposition(*session, body);
            if constexpr (std::is_same_v<T, Flow>) on_flow(*session, body);
            if constexpr (std::is_same_v<T, Attach>) on_attach(*session, body);
            if constexpr (std::is_same_v<T, Detach>) on_detach(*session, body);
        },
        performative);
}

void Connection::close(std::optional<ErrorCondition> error) {
    if (finished() || state_ == State::closing) return;
    const bool open = state_ == State::open;
    if (open || state_ == State::opening) {
        send_open();
        output_.frame(0, Close{.error = std::move(error)});
    }
    state_ = open ? State::closing : State::finished;
    timing_.closing_until = timing_.now + close_timeout;
}

/// The peer's fault, or its silence. It is told, as far as AMQP has begun by then.
void Connection::fail_connection(ErrorCode code, std::string_view condition, std::string text) {
    if (state_ == State::opening || state_ == State::open) {
        send_open();
        output_.frame(0, Close{.error = ErrorCondition{.condition = std::string(condition),
                                                       .description = text}});
    }
    if (state_ == State::closing) return finish(Closed{});
    finish(Failed{.error = Error(code, std::move(text))});
}

void Connection::finish(Event last) {
    state_ = State::finished;
    events_.push(std::move(last));
}

}  // namespace restante::amqp
