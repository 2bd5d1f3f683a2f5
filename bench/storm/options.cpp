#include "options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

namespace restante::storm {
namespace {

void declare_server(CLI::App& command, Options& options) {
    command.add_option("--host", options.host, "The name that its certificate must have")
        ->required();
    command.add_option("--port", options.port)->required()->check(CLI::Range(1, 65'535));
    command.add_option("--ca", options.ca_file, "Whom to trust, PEM")
        ->required()
        ->check(CLI::ExistingFile);
    command.add_option("--tls", options.tls, "The one version to speak")
        ->check(CLI::IsMember({"1.2", "1.3"}));
    command.add_flag("--resume", options.resume, "Offer a session that was got beforehand");
    command.add_option("--deadline", options.deadline_seconds, "Seconds until all are ready")
        ->check(CLI::Range(1, 86'400));
}

void declare_clients(CLI::App& command, Options& options, std::string& speak) {
    command.add_option("--count", options.count, "Connections")
        ->required()
        ->check(CLI::Range(1, 1'000'000));
    command.add_option("--concurrent", options.concurrent, "Begun and not ready yet, at most")
        ->check(CLI::Range(1, 10'000));
    command
        .add_option("--speak", speak,
                    "One byte there and back, or a device's words until it would be sent messages")
        ->required()
        ->check(CLI::IsMember({"echo", "mqtt", "amqp"}));
    command.add_option("--address", options.address,
                       "An MQTT filter, subscribed with QoS 1, or an AMQP source; {} is the "
                       "client's id");
    command.add_option("--restante-connection-string", options.restante_connection_string,
                       "Log in as the fleet's devices do; a policy's, for the hub's name");
}

}  // namespace

std::string address_of(const Options& options, const std::string& member) {
    constexpr std::string_view place = "{}";
    std::string address = options.address;
    for (auto at = address.find(place); at != std::string::npos;
         at = address.find(place, at + member.size())) {
        address.replace(at, place.size(), member);
    }
    return address;
}

std::expected<Options, int> parse_options(int argc, const char* const* argv) {
    constexpr int exit_usage = 2;
    Options options;
    std::string speak = "echo";
    CLI::App app("Many TLS clients that cost little.", "storm");
    app.require_subcommand(1);
    auto* connect = app.add_subcommand("connect", "Connect, speak, leave, as fast as may be");
    auto* hold = app.add_subcommand("hold", "Connect and stay until stdin ends");
    auto* echo = app.add_subcommand("echo", "One request in flight on each connection");
    for (auto* command : {connect, hold, echo}) declare_server(*command, options);
    for (auto* command : {connect, hold}) declare_clients(*command, options, speak);
    echo->add_option("--connections", options.count)->required()->check(CLI::Range(1, 100'000));
    echo->add_option("--bytes", options.bytes)->required()->check(CLI::Range(1, 1 << 20));
    echo->add_option("--seconds", options.seconds)->required()->check(CLI::Range(1, 3'600));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return std::unexpected(app.exit(error) == 0 ? 0 : exit_usage);
    }
    options.verb = *hold ? Verb::hold : *echo ? Verb::echo : Verb::connect;
    options.speak = speak == "mqtt" ? Speak::mqtt : speak == "amqp" ? Speak::amqp : Speak::echo;
    if (options.speak != Speak::echo && options.address.empty()) {
        fmt::print(stderr, "storm: --address is missing: what do the devices receive from?\n");
        return std::unexpected(exit_usage);
    }
    return options;
}

}  // namespace restante::storm
