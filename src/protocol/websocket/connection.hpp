#pragma once
// One end of a WebSocket after its opening handshake: frames from and to the peer on one side, one
// stream of bytes each way on the other. Satisfies restante::Engine (base/engine.hpp).
//
//              close()              the peer's close, or silence
//     open ──────────────▶ closing ──────────────────────────────▶ finished
//      │ the peer's close: echoed                                      ▲
//      └ the peer's fault: closed with its code ───────────────────────┘
//
// What is inside (MQTT, AMQP) is a stream: how it is cut into messages and frames means nothing
// [MQTT-6.0.0-2]. So payload is passed on as it arrives, and no frame is ever held, however long
// it says it is. Messages are binary; text is refused with 1003 [MQTT-6.0.0-1]. Pings are answered
// here, the last one only when several came since output was last taken [RFC 6455 5.5.3].
//
// A session owns it and ends it: after Closed or Failed nothing more is reported, and once
// finished() the owner writes what take_output() gives and closes the connection.

#include <cstddef>
#include <optional>
#include <variant>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "protocol/websocket/frame.hpp"

namespace restante::websocket {

/// Payload of one outgoing frame. Some clients hold a whole frame before they look at it, and
/// this much still has a length of 16 bits.
inline constexpr std::size_t frame_payload_bytes_max = 0xFFFF;
/// Received bytes that wait for next_event(). An owner that asks after each receive() leaves none.
inline constexpr std::size_t received_bytes_max = std::size_t{1024} * 1024;
/// How long to wait for a peer to answer our close.
inline constexpr Milliseconds close_timeout_default = std::chrono::seconds{5};

/// The next bytes of the peer's stream, never none.
struct Received {
    Bytes bytes;
};

/// The peer ended the conversation in good order.
struct Closed {
    CloseCode code;
};

/// The peer's fault. The close that tells it so is in the output already.
struct Failed {
    Error error;
};

using Event = std::variant<Received, Closed, Failed>;

class Connection {
  public:
    explicit Connection(Role role, Milliseconds close_timeout = close_timeout_default)
        : role_(role), close_timeout_(close_timeout) {}

    void receive(BytesView bytes, SteadyTime now);
    std::optional<Event> next_event();
    Bytes take_output();
    std::optional<SteadyTime> next_deadline() const;
    void advance(SteadyTime now);

    /// The next bytes of our stream. Ignored once the conversation ends.
    void send(BytesView bytes);

    /// Ends the conversation from this side: what was sent before still goes out, what the peer
    /// sends from now on is dropped. Takes no time, because who calls may have none at hand: it
    /// makes advance() due at once, and the wait for the peer's answer counts from there.
    void close(CloseCode code);

    bool finished() const { return state_ == State::finished; }

  private:
    enum class State : std::uint8_t { open, closing, finished };

    std::size_t take_header(BytesView bytes);
    std::size_t take_payload(BytesView bytes);
    void frame_begins(const FrameHeader& header);
    void frame_ends();
    void peer_closes();
    void send_close(std::optional<CloseCode> code);
    void give_up(const FrameFault& fault);
    std::optional<MaskingKey> new_key() const;

    Role role_;
    State state_ = State::open;
    bool in_message_ = false;  // a data frame without FIN came before
    bool in_payload_ = false;  // frame_ is being read
    Milliseconds close_timeout_;
    FrameHeader frame_;
    std::uint64_t payload_read_ = 0;  // of frame_
    Bytes partial_;                   // a header not yet whole, or a control frame's payload
    Bytes received_;
    std::optional<Event> last_event_;  // after received_
    std::optional<Bytes> ping_;        // to be answered
    std::optional<SteadyTime> close_deadline_;
    Bytes output_;
};

}  // namespace restante::websocket
