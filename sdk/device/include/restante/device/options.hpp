#pragma once
// What can be chosen for a device client: the Python client's keyword arguments, by their names.
// A factory checks them and throws std::invalid_argument.
//
// Each member has an initializer, so that C++20's {.websockets = true} is a whole one: without,
// compilers warn of those left out.

#include <chrono>
#include <cstdint>
#include <string>

#include "restante/common/proxy_options.hpp"

namespace restante {

/// A device's own certificate: Python's class of that name.
struct X509 {
    std::string certificate_file{};  ///< PEM: the certificate, then its issuers if any
    std::string key_file{};          ///< PEM: its private key
    std::string pass_phrase{};       ///< of the key; empty when it has none
};

/// What the client speaks with its hub.
enum class Transport : std::uint8_t {
    mqtt,   ///< messages come at once; each can only be completed
    amqp,   ///< messages come at once; each can be completed, abandoned or rejected
    https,  ///< the client asks for messages now and then; each can be settled as by AMQP
};

struct ClientOptions {
    Transport transport = Transport::mqtt;

    /// Inside a WebSocket, on the port of HTTPS, which most firewalls leave open.
    bool websockets = false;

    /// Where to connect instead of the hub: a gateway that passes everything on to it. A connection
    /// string names its own.
    std::string gateway_hostname{};

    /// The proxy to connect through, if any.
    ProxyOptions proxy_options{};

    /// The PEM text of the certificates to trust, instead of any others. When empty, the file that
    /// the environment names in RESTANTE_CA_FILE; when that is not set, the system's authorities.
    std::string server_verification_cert{};

    /// The ciphers that may be used: OpenSSL's cipher list, names joined by colons. Those that
    /// begin with TLS_ are TLS 1.3's; a version of which none is named keeps its own. Empty:
    /// forward secrecy and authenticated encryption only.
    std::string cipher{};

    /// The hub's port. 0: the one in the host name ("hub.example:18883"), else what the environment
    /// says for the transport, else the standard one: RESTANTE_MQTT_PORT, 8883; RESTANTE_AMQP_PORT,
    /// 5671; by HTTPS and with websockets RESTANTE_HTTPS_PORT, 443.
    std::uint16_t port = 0;

    /// Appended to the name by which the client introduces itself.
    std::string product_info{};

    /// How long a token lives that the client makes from a key; a new one takes over in time.
    std::chrono::seconds sastoken_ttl{3600};

    /// Longest silence on the connection, 1 to 1740 s. A hub that has vanished is noticed after
    /// one and a half times this, by AMQP and HTTPS no sooner than after 10 s.
    std::chrono::seconds keep_alive{60};

    /// By HTTPS, how long the client waits before it asks for messages again when there were none.
    std::chrono::seconds polling_interval{5};

    /// Whether an operation that needs a connection makes it.
    bool auto_connect = true;

    /// Whether a connection that broke is made again, for as long as it takes.
    bool connection_retry = true;

    /// The longest pause between two attempts. The first comes at once, the pauses then grow.
    std::chrono::seconds connection_retry_interval{10};

    /// Handlers run inside run_once(), which the application calls when descriptor() is readable,
    /// instead of on a thread of the client's own.
    bool own_loop = false;
};

}  // namespace restante
