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

#include "base/engine.hpp"
#include "base/result.hpp"
#include "protocol/amqp/event.hpp"
#include "protocol/amqp/frame.hpp"
#include "protocol/amqp/options.hpp"
#include "protocol/amqp/output.hpp"
#include "protocol/amqp/sasl.hpp"
#include "protocol/amqp/tables.hpp"
#include "protocol/amqp/timing.hpp"

namespace restante::amqp {

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
    /// The peer has proved who it is and may use the whole of limits.hpp; it has started once open.
    void authenticated() { authenticated_ = true; }
    bool started() const { return state_ == State::open && authenticated_; }
    bool accept_attach(LinkId link, AttachAnswer answer = {});
    /// Attaches without a terminus, then detaches with the error (AMQP 2.6.3).
    bool refuse_attach(LinkId link, ErrorCondition error);

    // A client's verbs.

    /// Errors: connection_dropped (not open), throttled (no channel is free).
    Result<SessionId> begin();
    /// `attach` says role, termini and modes; the handle is ours. May follow begin() at once.
    Result<LinkId> attach(SessionId session, Attach attach);

    // Either end's.

    /// Keeps `count` less the deliveries awaiting settle() granted, at most credit_window_max. A
    /// smaller count takes nothing back.
    bool set_credit_window(LinkId link, std::uint32_t count);
    /// Settles a delivery received, or where we settle second, tells the peer once what we decided.
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

  private:
    enum class State : std::uint8_t { header, sasl, opening, open, closing, finished };

    // connection.cpp: reading, time, the end
    bool read_one();
    void handle(const Frame& frame);
    void dispatch(std::uint16_t channel, Performative& performative, BytesView payload);
    void fail_connection(ErrorCode code, std::string_view condition, std::string text);
    void finish(Event last);

    // handshake.cpp: headers, SASL, open and close
    bool read_header();
    void write_header(const ProtocolHeader& header);
    void on_sasl(BytesView body);
    void on_init(SaslInit& init);
    void on_mechanisms(const SaslMechanisms& mechanisms);
    void on_outcome(const SaslOutcome& outcome);
    void send_open();
    void on_open(Open& open);
    void on_close(Close& close);

    // links.cpp: begin and end, attach and detach
    void on_begin(std::uint16_t channel, const Begin& begin);
    void on_attach(Session& session, Attach& attach);
    void on_attach_answer(Session& session, Link& link, std::shared_ptr<const Attach> attach);
    void on_detach(Session& session, Detach& detach);
    void on_end(Session& session, End& end);
    void write_attach(const Link& link, const AttachAnswer& answer, bool refused);
    void start_detach(Link& link, std::optional<ErrorCondition> error);
    void report_links(const Session& session, const std::optional<ErrorCondition>& error);
    void fail_session(Session& session, std::string_view condition, std::string text);
    void fail_link(Link& link, std::string_view condition, std::string text);

    // flow.cpp: windows and credit
    void on_flow(Session& session, const Flow& flow);
    void on_link_flow(Session& session, Link& link, const Flow& flow);
    void write_flow(Session& session, const Link* link);
    void top_up(Session& session, Link& link);
    void finish_drains();

    // deliveries.cpp: transfers and dispositions
    void on_transfer(Session& session, const Transfer& transfer, BytesView payload);
    void take_transfer(Session& session, Link& link, const Transfer& transfer, BytesView payload);
    bool start_delivery(Session& session, Link& link, const Transfer& transfer, Assembly& into);
    void forget_received(Session& session, Link& link, std::uint32_t id);
    void on_disposition(Session& session, const Disposition& disposition);
    bool transmit(Session& session, const Transfer& transfer, BytesView& payload);
    void flush_backlog(Session& session);

    Options options_;
    State state_ = State::header;
    bool authenticated_ = false;
    bool sasl_done_ = false;
    bool sasl_asked_ = false;  // a server's application owes an outcome
    bool sasl_sent_ = false;   // a client's init
    bool open_sent_ = false;
    Timing timing_;
    FrameReader input_;
    Output output_;
    EventQueue events_;
    std::uint16_t peer_channel_max_ = 0;
    Tables tables_;
    std::vector<LinkSlot> draining_;
};

static_assert(Engine<Connection>);

}  // namespace restante::amqp
