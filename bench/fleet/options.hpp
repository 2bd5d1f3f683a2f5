#pragma once
// What the command line asks of a fleet: plain values, read once by main().

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace restante::fleet {

enum class Transport : std::uint8_t { mqtt, mqtt_websocket, amqp, amqp_websocket, https };

/// As the command line spells it: "mqtt", "mqtt-ws", "amqp", "amqp-ws", "https".
std::string_view name(Transport transport);

enum class Verb : std::uint8_t { create, send, drain };

std::string_view name(Verb verb);

struct Options {
    Verb verb = Verb::create;

    // the hub
    std::string connection_string;
    std::string ca_file;
    std::uint16_t mqtt_port = 8883;
    std::uint16_t amqp_port = 5671;
    std::uint16_t https_port = 443;

    // the fleet: the same in every verb
    std::size_t count = 100;  ///< devices
    std::size_t each = 50;    ///< messages for one device
    std::size_t bytes = 256;  ///< of a message's body

    // how hard
    std::size_t connections = 4;   ///< of the sender
    std::size_t in_flight = 512;   ///< messages sent and not settled, over all connections
    std::size_t concurrent = 500;  ///< devices connected at once
    /// Device by device in turn.
    std::vector<Transport> transports{Transport::mqtt, Transport::mqtt_websocket, Transport::amqp,
                                      Transport::amqp_websocket, Transport::https};
    std::chrono::seconds deadline{600};  ///< for the whole
};

/// Or the exit code, once the user has read what is wrong or what --help tells.
std::expected<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace restante::fleet
