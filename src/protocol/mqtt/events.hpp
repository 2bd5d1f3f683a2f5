#pragma once
// What the two engines report. An event owns what it holds.

#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "protocol/mqtt/packet.hpp"

namespace restante::mqtt {

// At a server.

/// A valid CONNECT; nothing more is reported until accept() or refuse().
struct ConnectRequested {
    Connect connect;
};
/// Wants subscribe_answer().
struct SubscribeRequested {
    PacketId packet_id;
    std::vector<Subscription> subscriptions;
};
/// Wants unsubscribe_answer().
struct UnsubscribeRequested {
    PacketId packet_id;
    std::vector<std::string> filters;
};
/// QoS 0 or 1; QoS 1 wants acknowledge().
struct PublishReceived {
    Publish publish;
};
/// The client said good-bye: its will is void [MQTT-3.14.4-3]. The last event.
struct Disconnected {};

// At a client.

struct Connected {
    bool session_present;
};
/// The server's no to CONNECT. The last event.
struct Refused {
    ConnectReturnCode return_code;
};
/// One code for each filter of the request: the QoS granted, or subscribe_failure.
struct Subscribed {
    PacketId packet_id;
    std::vector<std::uint8_t> codes;
};
struct Unsubscribed {
    PacketId packet_id;
};
/// QoS 0 or 1; QoS 1 wants acknowledge().
struct MessageReceived {
    Publish publish;
};

// At both.

/// The peer has taken a QoS 1 message of ours.
struct Acknowledged {
    PacketId packet_id;
};
/// The peer broke the protocol or fell silent. The last event.
struct Failed {
    Error error;
};

}  // namespace restante::mqtt
