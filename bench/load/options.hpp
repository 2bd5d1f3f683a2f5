#pragma once
// What the command line asks of a load: plain values, read once by main().

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace restante::load {

enum class Verb : std::uint8_t { subscribe, send, live, drain };

std::string_view name(Verb verb);

/// What senders speak. Devices speak MQTT.
enum class Sender : std::uint8_t { amqp, mqtt, nats };

struct Options {
    Verb verb = Verb::send;

    // the broker
    std::string host = "localhost";
    std::string ca_file;
    std::uint16_t mqtt_port = 8883;
    std::uint16_t amqp_port = 5671;
    std::uint16_t nats_port = 4222;
    /// Of Restante: gives tokens to senders and devices. Empty: the broker lets anyone in.
    std::string connection_string;
    Sender sender = Sender::amqp;
    /// Where an AMQP sender sends to.
    std::string amqp_target = "/messages/devicebound";
    /// Before the topic of a NATS sender's message, whose levels have dots between them.
    std::string nats_prefix;
    /// What a device subscribes to; {} stands for its name.
    std::string device_filter = "devices/{}/messages/devicebound/#";

    // what to send
    std::size_t devices = 1'000;  ///< the first of the fleet
    std::size_t bytes = 200;      ///< of a body
    std::size_t each = 0;         ///< messages for each device; 0: as many as `seconds` allow
    std::size_t connections = 1;  ///< of senders
    std::size_t in_flight = 512;  ///< messages not acknowledged, over all connections
    std::size_t rate = 0;         ///< live: messages a second; 0: the peak

    std::size_t concurrent = 200;  ///< subscribe and drain: devices connected at once
    std::chrono::seconds seconds{3};
    std::chrono::seconds deadline{600};  ///< for the whole
};

/// Or the exit code, once the user has read what is wrong or what --help tells.
std::expected<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace restante::load
