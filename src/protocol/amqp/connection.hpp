#pragma once
// One AMQP 1.0 connection, either end of it, without I/O (base/engine.hpp tells how to run it).
//
//     header ──▶ [ sasl ──▶ header ] ──▶ opening ──Opened──▶ open ──close()──▶ closing
//        │            │                     │                 │  Closed           │ Closed
//        └────────────┴── fault, silence ───┴─────────────────┴──────────▶ finished
//
// A connection's session (net, SDK) owns it. Begin and open, detach, end and close of a peer are
// answered here. A frame is decoded when next_event() wants an event, so call that until nullopt
// after each receive(), and after each verb that did not come from an event's handling. A peer's
// fault ends what it touched: the link (Detached), the session (Ended) or the connection (Failed),
// each with the error the peer was told. A verb for a link, session or delivery that is gone does
// nothing and answers false: the peer may always have been faster.
//
// What is queued leaves in the order of the calls: settle() then send() is a disposition, then a
// transfer (uamqp fails when a reply overtakes the outcome of its request).

#include <cstdint>
#include <optional>

#include "base/engine.hpp"
#include "base/result.hpp"
#include "protocol/amqp/event.hpp"
#include "protocol/amqp/limits.hpp"
#include "protocol/amqp/sasl.hpp"

namespace restante::amqp {

/// Our half of a link the peer wants; termini, settle modes and name are echoed.
struct AttachAnswer {
    /// Largest message we take on it, in bytes; told to the peer, and held to.
    std::uint64_t max_message_size = message_bytes_max_default;
    Map properties;
};

struct OutgoingDelivery {
    BytesView tag;  ///< at most delivery_tag_bytes_max, unique among the link's unsettled ones
    BytesView payload;
    bool settled = false;
    std::uint32_t message_format = 0;
};

class Connection {
  public:
    /// `opened`: when the transport stood, from where the start timeout counts.
    Connection(Options options, SteadyTime opened);

    void receive(BytesView bytes, SteadyTime now);
    std::optional<Event> next_event();
    Bytes take_output();
    std::optional<SteadyTime> next_deadline() const;
    void advance(SteadyTime now);
    bool finished() const { return state_ == State::finished; }

    // A server's verbs.

    /// Answers SaslRequested. Anything but ok ends the connection.
    void sasl_outcome(SaslCode code);
    /// The peer has proved who it is; from now on it may use the whole of limits.hpp.
    void authenticated() { authenticated_ = true; }
    bool accept_attach(LinkId link, AttachAnswer answer = {});
    /// Attaches without a terminus, then detaches with the error, as AMQP 2.6.3 wants it.
    bool refuse_attach(LinkId link, ErrorCondition error);

    // A client's verbs.

    /// Error: connection_dropped when not open; throttled when channels run out.
    Result<SessionId> begin();
    /// `attach` says the role, termini and modes; the handle is ours. May follow begin() at once.
    Result<LinkId> attach(SessionId session, Attach attach);

    // Either end's.

    /// Keeps `count` less the deliveries awaiting settle() granted, at most credit_window_max.
    bool set_credit_window(LinkId link, std::uint32_t count);
    /// Settles a delivery received.
    bool settle(LinkId link, DeliveryId delivery, const DeliveryState& state);

    /// Whether send() would take a delivery now.
    bool can_send(LinkId link) const;
    /// Queues a delivery, cut to the peer's frame size. What exceeds the peer's session window
    /// waits here, and nothing else is sent on that session before it.
    /// Errors, with nothing queued: connection_dropped (no such link), throttled (no credit, or
    /// something waits), message_too_large (for the peer), argument_invalid (the tag).
    Result<DeliveryId> send(LinkId link, const OutgoingDelivery& delivery);
    /// Settles a delivery sent, whose DispositionReceived was not settled.
    bool settle_sent(LinkId link, DeliveryId delivery, const DeliveryState& state);

    bool detach(LinkId link, std::optional<ErrorCondition> error = {});
    bool end(SessionId session, std::optional<ErrorCondition> error = {});
    /// Ends orderly: the peer's answer, or close_timeout, finishes the connection.
    void close(std::optional<ErrorCondition> error = {});

    /// The peer's half, once Opened.
    const std::optional<Open>& peer() const { return peer_; }

  private:
    enum class State : std::uint8_t { header, sasl, opening, open, closing, finished };

    Options options_;
    State state_ = State::header;
    bool authenticated_ = false;
    std::optional<Open> peer_;
};

static_assert(Engine<Connection>);

}  // namespace restante::amqp
