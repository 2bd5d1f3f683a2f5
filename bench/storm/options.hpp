#pragma once
// What the command line asks of the storm: plain values, read once by main().

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace restante::storm {

enum class Verb : std::uint8_t { connect, hold, echo };
enum class Speak : std::uint8_t { echo, mqtt, amqp };

struct Options {
    Verb verb = Verb::connect;

    // the server
    std::string host;
    std::uint16_t port = 0;
    std::string ca_file;
    std::string tls;  ///< "1.2" or "1.3"; empty: what both like best
    bool resume = false;

    // the clients
    std::size_t count = 0;
    std::size_t concurrent = 64;  ///< begun and not ready yet
    Speak speak = Speak::echo;
    std::size_t deadline_seconds = 300;  ///< until all are ready

    // devices
    std::string address;  ///< what to receive from
    std::string restante_connection_string;

    // echo
    std::size_t bytes = 0;
    std::size_t seconds = 0;
};

/// The address of one client, a member's name: it stands for `{}`.
std::string address_of(const Options& options, const std::string& member);

/// Or the exit code, once the user has read what is wrong or what --help tells.
std::expected<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace restante::storm
