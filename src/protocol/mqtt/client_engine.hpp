#pragma once
// The client's end of one MQTT 3.1.1 connection, without I/O (base/engine.hpp tells how to run it).
//
//     idle ──connect()──▶ connecting ──CONNACK 0──▶ connected
//                             │ refused                 │ disconnect()
//                             └─ fault, timeout ─▶ finished ◀─ fault, silence
//
// A connection's session owns it. It ends finished: after Refused, Failed or disconnect() nothing
// more is reported or queued; the owner writes what is queued and closes. A reconnect takes a new
// engine. A verb that comes after the end does nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/engine.hpp"
#include "protocol/mqtt/events.hpp"
#include "protocol/mqtt/inbox.hpp"
#include "protocol/mqtt/outbox.hpp"

namespace restante::mqtt {

/// How long a server may take to answer CONNECT; the wait of Microsoft's clients.
constexpr Milliseconds connack_timeout = std::chrono::seconds(60);

/// How long a server may take to answer PINGREQ before the connection counts as dead: half the
/// keep-alive, within these bounds. Below, a slow mobile network would count as dead; above, an
/// application would believe for too long that it is heard.
constexpr Milliseconds ping_timeout_min = std::chrono::seconds(5);
constexpr Milliseconds ping_timeout_max = std::chrono::seconds(60);

struct ClientLimits {
    std::size_t packet_bytes_max = 262'144;  ///< of an inbound packet's remaining length
    std::size_t in_flight_max = 64;          ///< requests and QoS 1 messages unanswered at once
};

class ClientEngine {
  public:
    using Event = std::variant<Connected, Refused, Subscribed, Unsubscribed, MessageReceived,
                               Acknowledged, Failed>;

    explicit ClientEngine(const ClientLimits& limits = ClientLimits())
        : limits_(limits), outbox_(limits.in_flight_max) {}

    void receive(BytesView bytes, SteadyTime now);
    /// Decodes on demand: call until nullopt after each receive().
    std::optional<Event> next_event();
    Bytes take_output() { return outbox_.take(); }
    std::optional<SteadyTime> next_deadline() const;
    void advance(SteadyTime now);

    bool finished() const { return state_ == State::finished; }

    /// Queues CONNECT; the first verb, once. Errors: argument_invalid when a field cannot be sent.
    Result<void> connect(const Connect& packet, SteadyTime now);

    /// Queue a request; its packet id comes back with Subscribed or Unsubscribed. Errors: as
    /// publish().
    Result<PacketId> subscribe(std::vector<Subscription> subscriptions);
    Result<PacketId> unsubscribe(std::vector<std::string> filters);

    /// Queues a message. QoS 0: the answer is 0. QoS 1: the answer is its packet id, a fresh one
    /// unless `message` names the one it had, for a redelivery with DUP. Errors, with nothing
    /// queued: throttled when in_flight_max await an answer; argument_invalid when the message
    /// cannot be a PUBLISH (topic too long, wildcards, QoS 2); connection_dropped when not
    /// connected.
    Result<PacketId> publish(Publish message);
    /// QoS 1 messages that await their PUBACK.
    std::size_t in_flight() const { return outbox_.in_flight().count(PacketType::pub_ack); }
    /// PUBACK for a QoS 1 message of the server's; 0, the id of QoS 0, needs none and sends none.
    void acknowledge(PacketId packet_id);

    /// Queues DISCONNECT; the end.
    void disconnect();

  private:
    enum class State : std::uint8_t { idle, connecting, connected, finished };

    std::optional<Event> on(Packet&& packet);
    Event on_conn_ack(const ConnAck& packet);
    std::optional<Event> on_sub_ack(SubAck& packet);
    Milliseconds ping_timeout() const;
    SteadyTime ping_due() const;
    Result<PacketId> sent(Result<PacketId> id);
    void finish();
    Event fail_with(ErrorCode code, std::string reason);

    ClientLimits limits_;
    State state_ = State::idle;
    Milliseconds keep_alive_{0};
    /// The latest time told. Verbs are not told the time, so what they send counts from here:
    /// early, hence on the safe side.
    SteadyTime now_;
    SteadyTime sent_;                 ///< when something was last sent
    SteadyTime heard_;                ///< when the server last sent anything
    std::optional<SteadyTime> ping_;  ///< the first PINGREQ since the server was last heard
    Inbox inbox_;
    Outbox outbox_;
    std::optional<Error> failure_;  ///< found outside next_event(), to be reported by it
};

static_assert(Engine<ClientEngine>);

}  // namespace restante::mqtt
