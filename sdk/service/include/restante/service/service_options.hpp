#pragma once
// How a service client reaches its hub.

#include <chrono>
#include <cstdint>
#include <string>

#include "restante/common/proxy_options.hpp"

namespace restante {

/// How AMQP travels, for what is sent to devices and for feedback. The other operations are HTTPS.
enum class TransportType {
    Amqp,              ///< on its own port
    AmqpOverWebsocket  ///< inside a WebSocket on the HTTPS port, for networks that let no other out
};

struct ServiceOptions {
    /// Python's argument of that name.
    TransportType transport_type = TransportType::Amqp;
    /// PEM text of the authority to trust instead of the system's. Empty: the file named by the
    /// environment variable RESTANTE_CA_FILE, else the system's authorities.
    std::string ca{};
    /// The proxy to connect through, if any, for AMQP and for HTTPS.
    ProxyOptions proxy_options{};
    /// 0: RESTANTE_AMQP_PORT and RESTANTE_HTTPS_PORT from the environment, else 5671 and 443.
    std::uint16_t amqp_port = 0;
    std::uint16_t https_port = 0;
    /// How long one operation may take, connecting included.
    std::chrono::milliseconds timeout = std::chrono::seconds(60);
};

}  // namespace restante
