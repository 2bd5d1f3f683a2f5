#pragma once
// The control packets of MQTT 3.1.1 as plain values; codec.hpp turns them into bytes and back.
//
// PUBREC, PUBREL and PUBCOMP have no type here: they belong to QoS 2, which the hub does not offer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"

namespace restante::mqtt {

/// Names a packet that awaits an answer; never 0 on the wire [MQTT-2.3.1-1], so 0 means "none".
using PacketId = std::uint16_t;

/// Protocol level of MQTT 3.1.1.
constexpr std::uint8_t protocol_level = 4;

/// SUBACK code of a subscription that was refused.
constexpr std::uint8_t subscribe_failure = 0x80;

enum class PacketType : std::uint8_t {
    connect = 1,
    conn_ack,
    publish,
    pub_ack,
    pub_rec,
    pub_rel,
    pub_comp,
    subscribe,
    sub_ack,
    unsubscribe,
    unsub_ack,
    ping_req,
    ping_resp,
    disconnect,
};

/// The specification's spelling: "CONNECT", "SUBACK".
std::string_view name(PacketType type);

enum class QoS : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

enum class ConnectReturnCode : std::uint8_t {
    accepted = 0,
    unacceptable_protocol_version = 1,
    identifier_rejected = 2,
    server_unavailable = 3,
    bad_user_name_or_password = 4,
    not_authorized = 5,
};

struct Will {
    std::string topic;
    Bytes payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool operator==(const Will&) const = default;
};

struct Connect {
    std::string client_id;
    std::optional<std::string> user_name;
    std::optional<Bytes> password;  ///< only together with a user name [MQTT-3.1.2-22]
    std::optional<Will> will;
    std::uint16_t keep_alive_seconds = 0;  ///< 0: the client promises nothing
    bool clean_session = false;
    bool operator==(const Connect&) const = default;
};

struct ConnAck {
    bool session_present = false;
    ConnectReturnCode return_code = ConnectReturnCode::accepted;
    bool operator==(const ConnAck&) const = default;
};

struct Publish {
    std::string topic;
    Bytes payload;
    PacketId packet_id = 0;  ///< 0 exactly when the QoS is 0
    QoS qos = QoS::at_most_once;
    bool dup = false;
    bool retain = false;
    bool operator==(const Publish&) const = default;
};

struct PubAck {
    PacketId packet_id = 0;
    bool operator==(const PubAck&) const = default;
};

struct Subscription {
    std::string filter;
    QoS qos = QoS::at_most_once;
    bool operator==(const Subscription&) const = default;
};

struct Subscribe {
    PacketId packet_id = 0;
    std::vector<Subscription> subscriptions;
    bool operator==(const Subscribe&) const = default;
};

struct SubAck {
    PacketId packet_id = 0;
    std::vector<std::uint8_t> codes;  ///< per filter: the QoS granted, or subscribe_failure
    bool operator==(const SubAck&) const = default;
};

struct Unsubscribe {
    PacketId packet_id = 0;
    std::vector<std::string> filters;
    bool operator==(const Unsubscribe&) const = default;
};

struct UnsubAck {
    PacketId packet_id = 0;
    bool operator==(const UnsubAck&) const = default;
};

struct PingReq {
    bool operator==(const PingReq&) const = default;
};

struct PingResp {
    bool operator==(const PingResp&) const = default;
};

struct Disconnect {
    bool operator==(const Disconnect&) const = default;
};

using Packet = std::variant<Connect, ConnAck, Publish, PubAck, Subscribe, SubAck, Unsubscribe,
                            UnsubAck, PingReq, PingResp, Disconnect>;

}  // namespace restante::mqtt
