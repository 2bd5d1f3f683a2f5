#pragma once
// The server's end of one MQTT 3.1.1 connection, without I/O (base/engine.hpp tells how to run it).
//
//     awaiting_connect ──CONNECT──▶ connect_requested ──accept()──▶ connected
//            │                             │ refuse()                   │ DISCONNECT, close()
//            └───── fault, timeout ────────┴───────▶ finished ◀─────────┴ fault, silence
//
// A connection's session owns it. It ends finished: after Failed or Disconnected, refuse() or
// close(), nothing more is reported or queued; the owner writes what is queued and closes.
// PINGREQ is answered here. A verb that comes after the end does nothing.

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/engine.hpp"
#include "protocol/mqtt/events.hpp"
#include "protocol/mqtt/inbox.hpp"
#include "protocol/mqtt/outbox.hpp"

namespace restante::mqtt {

/// Most bytes a client may send before it is accepted. User name, token and will fit many times;
/// a stranger cannot make us hold more.
constexpr std::size_t unaccepted_bytes_max = 16'384;

/// What one client may ask of us. Defaults: the service's values as its gateways configure them.
struct ServerLimits {
    std::size_t packet_bytes_max = 262'144;  ///< of a packet's remaining length
    std::size_t in_flight_max = 16;          ///< QoS 1 messages unacknowledged at once
    Milliseconds connect_timeout = std::chrono::seconds(60);  ///< from the opening to accept()
    /// Longest silence borne, whatever keep-alive a client names, or names none.
    Milliseconds silence_max = std::chrono::seconds(1767);
};

class ServerEngine {
  public:
    using Event = std::variant<ConnectRequested, SubscribeRequested, UnsubscribeRequested,
                               PublishReceived, Acknowledged, Disconnected, Failed>;

    /// `opened`: when the connection stood, from where the connect timeout counts.
    ServerEngine(const ServerLimits& limits, SteadyTime opened);

    void receive(BytesView bytes, SteadyTime now);
    /// Decodes on demand: call until nullopt after each receive(), and after accept().
    std::optional<Event> next_event();
    Bytes take_output() { return outbox_.take(); }
    std::optional<SteadyTime> next_deadline() const;
    void advance(SteadyTime now);

    bool finished() const { return state_ == State::finished; }
    /// Accepted, and not finished since: the connect timeout is over.
    bool connected() const { return state_ == State::connected; }

    /// Answers ConnectRequested with yes. What the client sent behind its CONNECT is decoded only
    /// after this.
    void accept(bool session_present);
    /// Answers ConnectRequested with no; the end.
    void refuse(ConnectReturnCode code);

    /// Answers SubscribeRequested: for each filter the QoS granted, or subscribe_failure.
    void subscribe_answer(PacketId packet_id, std::vector<std::uint8_t> codes);
    void unsubscribe_answer(PacketId packet_id);
    /// PUBACK for a QoS 1 message of the client's; 0, the id of QoS 0, needs none and sends none.
    void acknowledge(PacketId packet_id);

    /// Queues a message. QoS 0: the answer is 0. QoS 1: the answer is its packet id, a fresh one
    /// unless `message` names the one it had, for a redelivery with DUP; that one may still be in
    /// flight. Errors, with nothing queued: throttled when in_flight_max await their PUBACK;
    /// argument_invalid when the message cannot be a PUBLISH (topic too long, wildcards, QoS 2);
    /// connection_dropped when not connected.
    Result<PacketId> publish(Publish message);
    std::size_t in_flight() const { return outbox_.in_flight().size(); }
    /// Frees the id of a message that nobody waits for any more; its late PUBACK is then ignored.
    void release(PacketId packet_id);

    /// The end, from our side; MQTT 3.1.1 has no packet to say so.
    void close();

  private:
    enum class State : std::uint8_t { awaiting_connect, connect_requested, connected, finished };

    std::optional<Event> handle(const Frame& frame);
    std::optional<Event> handle_first(const Frame& frame);
    Event refuse_level(std::uint8_t level);
    std::optional<Event> on(Packet&& packet);
    void finish();
    Event fail_with(Error error);

    ServerLimits limits_;
    State state_ = State::awaiting_connect;
    SteadyTime opened_;
    SteadyTime received_;  ///< when the client's last bytes came
    SteadyTime heard_;     ///< when its last whole packet did: keep-alive counts no less
    Milliseconds silence_limit_;
    Inbox inbox_;
    Outbox outbox_;
    std::optional<Error> failure_;  ///< found outside next_event(), to be reported by it
};

static_assert(Engine<ServerEngine>);

}  // namespace restante::mqtt
