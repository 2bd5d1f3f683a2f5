#pragma once
// What an AMQP connection is told: once, and with its verbs.

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "protocol/amqp/limits.hpp"
#include "protocol/amqp/value.hpp"

namespace restante::amqp {

enum class Side : std::uint8_t { server, client };

/// How a client proves itself before AMQP starts. `none`: the AMQP header comes first, as the Node
/// SDKs do it.
enum class SaslMechanism : std::uint8_t { none, anonymous, plain, mssbcbs, external };

struct Options {
    Side side = Side::server;
    std::string container_id;
    std::uint32_t frame_bytes_max = amqp::frame_bytes_max;  ///< at least frame_bytes_min_max
    /// What we tell the peer; silence of twice as long ends the connection.
    Milliseconds idle_time_out = std::chrono::seconds(240);
    /// From the start to Opened, and at a server also to authenticated().
    Milliseconds start_timeout = std::chrono::seconds(60);

    // a server's
    bool offer_external = false;  ///< the peer showed a certificate

    // a client's
    std::string hostname;
    SaslMechanism sasl = SaslMechanism::none;
    std::string user;      ///< PLAIN
    std::string password;  ///< PLAIN
};

/// Our half of a link the peer wants; termini, settle modes and name are echoed.
struct AttachAnswer {
    /// Largest message we take on it, in bytes; told to the peer, and held to. 0 is the default.
    std::uint64_t max_message_size = message_bytes_max_default;
    Map properties;
};

struct OutgoingDelivery {
    BytesView tag;  ///< at most delivery_tag_bytes_max, unique among the link's unsettled ones
    BytesView payload;
    bool settled = false;
    std::uint32_t message_format = 0;
};

}  // namespace restante::amqp
