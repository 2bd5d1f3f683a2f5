#include "protocol/websocket/connection.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/engine.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace restante::websocket {

static_assert(Engine<Connection>);

void Connection::receive(BytesView bytes, SteadyTime) {
    while (!bytes.empty() && state_ != State::finished) {
        bytes = bytes.subspan(in_payload_ ? take_payload(bytes) : take_header(bytes));
    }
}

std::optional<Event> Connection::next_event() {
    if (!received_.empty()) return Received{std::exchange(received_, {})};
    return std::exchange(last_event_, std::nullopt);
}

Bytes Connection::take_output() {
    if (const auto ping = std::exchange(ping_, std::nullopt); ping && state_ == State::open) {
        append_frame(output_, Opcode::pong, *ping, new_key());
    }
    return std::exchange(output_, {});
}

std::optional<SteadyTime> Connection::next_deadline() const {
    if (state_ != State::closing) return std::nullopt;
    return close_deadline_.value_or(SteadyTime{});
}

void Connection::advance(SteadyTime now) {
    if (state_ != State::closing) return;
    if (!close_deadline_) {
        close_deadline_ = now + close_timeout_;
    } else if (now >= *close_deadline_) {
        state_ = State::finished;
    }
}

void Connection::send(BytesView bytes) {
    if (state_ != State::open) return;
    while (!bytes.empty()) {
        const auto part = bytes.first(std::min(bytes.size(), frame_payload_bytes_max));
        append_frame(output_, Opcode::binary, part, new_key());
        bytes = bytes.subspan(part.size());
    }
}

void Connection::close(CloseCode code) {
    if (state_ != State::open) return;
    send_close(code);
    state_ = State::closing;
    received_ = {};
}

/// Returns how many bytes it used.
std::size_t Connection::take_header(BytesView bytes) {
    const std::size_t waiting = partial_.size();
    append(partial_, bytes.first(std::min(bytes.size(), header_bytes_max - waiting)));
    const auto header = read_header(partial_, role_);
    if (!header) {
        give_up(header.error());
        return bytes.size();
    }
    if (!*header) return bytes.size();  // header_bytes_max bytes are always enough
    partial_.clear();
    frame_begins(**header);
    return (*header)->header_bytes - waiting;
}

void Connection::frame_begins(const FrameHeader& header) {
    const auto fault = [this](CloseCode code, std::string_view reason) { give_up({code, reason}); };
    if (!header.is_control()) {
        if (in_message_ != (header.opcode == Opcode::continuation)) {
            return fault(CloseCode::protocol_error, in_message_ ? "a message inside another one"
                                                                : "a continuation of no message");
        }
        if (header.opcode == Opcode::text) {
            return fault(CloseCode::unsupported_data,
                         "a text message; only binary ones are spoken");
        }
        in_message_ = !header.fin;
    }
    frame_ = header;
    payload_read_ = 0;
    in_payload_ = true;
    if (header.payload_bytes == 0) frame_ends();
}

/// Returns how many bytes it used.
std::size_t Connection::take_payload(BytesView bytes) {
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(bytes.size(), frame_.payload_bytes - payload_read_));
    const bool dropped = !frame_.is_control() && state_ == State::closing;
    if (!dropped) {
        Bytes& target = frame_.is_control() ? partial_ : received_;
        if (target.size() + size > received_bytes_max) {
            give_up({CloseCode::too_big, "more bytes than could be handled in time"});
            return bytes.size();
        }
        const std::size_t begin = target.size();
        append(target, bytes.first(size));
        apply_mask(std::span(target).subspan(begin), frame_.key, payload_read_);
    }
    payload_read_ += size;
    if (payload_read_ == frame_.payload_bytes) frame_ends();
    return size;
}

void Connection::frame_ends() {
    in_payload_ = false;
    if (!frame_.is_control()) return;
    if (frame_.opcode == Opcode::close) return peer_closes();
    Bytes payload = std::exchange(partial_, {});
    if (frame_.opcode == Opcode::ping) ping_ = std::move(payload);  // an unasked pong is no answer
}

void Connection::peer_closes() {
    const Bytes payload = std::exchange(partial_, {});
    if (payload.size() == 1) {
        return give_up({CloseCode::protocol_error, "a close with half a code"});
    }
    auto code = CloseCode::no_status;
    if (!payload.empty()) {
        ByteReader reader(payload);
        const std::uint16_t value = reader.u16();
        if (!is_close_code(value)) {
            return give_up({CloseCode::protocol_error, "a close with a code nobody may send"});
        }
        if (!is_utf8(as_text(reader.take_rest()))) {
            return give_up({CloseCode::invalid_payload, "a close whose reason is not UTF-8"});
        }
        code = static_cast<CloseCode>(value);
    }
    if (state_ == State::open) {
        send_close(code == CloseCode::no_status ? std::nullopt : std::optional(code));
        last_event_ = Closed{code};
    }
    state_ = State::finished;
}

void Connection::send_close(std::optional<CloseCode> code) {
    Bytes payload;
    if (code) ByteWriter(payload).u16(static_cast<std::uint16_t>(*code));
    append_frame(output_, Opcode::close, payload, new_key());
}

/// [RFC 6455 7.1.7]. A peer that misbehaves after our close is simply heard no further.
void Connection::give_up(const FrameFault& fault) {
    if (state_ == State::open) {
        send_close(fault.code);
        last_event_ = Failed{{ErrorCode::protocol_error, std::string(fault.reason)}};
    }
    state_ = State::finished;
    partial_ = {};
}

/// Unpredictable, so that nobody chooses the bytes a proxy on the way sees [RFC 6455 10.3].
std::optional<MaskingKey> Connection::new_key() const {
    if (role_ == Role::server) return std::nullopt;
    MaskingKey key{};
    std::ranges::copy(random_bytes(key.size()), key.begin());
    return key;
}

}  // namespace restante::websocket
