#include "options.hpp"

#include <CLI/CLI.hpp>
#include <map>

namespace restante::fleet {
namespace {

const std::map<std::string, Transport> transports_by_name{
    {"mqtt", Transport::mqtt},   {"mqtt-ws", Transport::mqtt_websocket},
    {"amqp", Transport::amqp},   {"amqp-ws", Transport::amqp_websocket},
    {"https", Transport::https},
};

const std::map<std::string, Verb> verbs_by_name{
    {"create", Verb::create},
    {"send", Verb::send},
    {"drain", Verb::drain},
};

/// CLI11 would show an enumerator as a character, so it is given the names.
template <class T>
CLI::IsMember one_of(const std::map<std::string, T>& names) {
    std::vector<std::string> known;
    for (const auto& [text, value] : names) known.push_back(text);
    return CLI::IsMember(known);
}

template <class T>
std::string_view name_in(const std::map<std::string, T>& names, T wanted) {
    for (const auto& [text, value] : names) {
        if (value == wanted) return text;
    }
    return "unknown";
}

struct Words {
    std::string verb;
    std::vector<std::string> transports;
};

void declare_hub(CLI::App& app, Options& options) {
    app.add_option("--login", options.connection_string, "Connection string of a policy")
        ->envname("IOTHUB_CONNECTION_STRING")
        ->required();
    app.add_option("--ca", options.ca_file, "Whom to trust, PEM")
        ->envname("RESTANTE_CA_FILE")
        ->required();
    app.add_option("--mqtt-port", options.mqtt_port)->envname("RESTANTE_MQTT_PORT");
    app.add_option("--amqp-port", options.amqp_port)->envname("RESTANTE_AMQP_PORT");
    app.add_option("--https-port", options.https_port)->envname("RESTANTE_HTTPS_PORT");
}

void declare_load(CLI::App& app, Options& options, Words& words) {
    app.add_option("--count", options.count, "Devices")->check(CLI::Range(1, 1'000'000));
    app.add_option("--each", options.each, "Messages for one device")->check(CLI::Range(1, 10'000));
    app.add_option("--bytes", options.bytes, "Bytes of a body")->check(CLI::Range(32, 65'000));
    app.add_option("--connections", options.connections, "Of the sender")->check(CLI::Range(1, 64));
    app.add_option("--in-flight", options.in_flight, "Messages not settled yet")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--concurrent", options.concurrent, "Devices connected at once")
        ->check(CLI::Range(1, 15'000));
    app.add_option("--transports", words.transports, "Of the devices, in turn")
        ->delimiter(',')
        ->check(one_of(transports_by_name));
}

}  // namespace

std::string_view name(Transport transport) {
    return name_in(transports_by_name, transport);
}

std::string_view name(Verb verb) {
    return name_in(verbs_by_name, verb);
}

std::expected<Options, int> parse_options(int argc, const char* const* argv) {
    constexpr int exit_usage = 2;
    Options options;
    Words words;
    long seconds = options.deadline.count();
    CLI::App app("A sender and a fleet of devices: puts load on a hub and checks each message.",
                 "fleet");
    app.add_option("VERB", words.verb, "What to do")->required()->check(one_of(verbs_by_name));
    declare_hub(app, options);
    declare_load(app, options, words);
    app.add_option("--deadline", seconds, "Seconds for the whole")->check(CLI::Range(1, 86'400));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return std::unexpected(app.exit(error) == 0 ? 0 : exit_usage);
    }
    options.verb = verbs_by_name.at(words.verb);
    options.deadline = std::chrono::seconds(seconds);
    if (!words.transports.empty()) options.transports.clear();
    for (const auto& word : words.transports) {
        options.transports.push_back(transports_by_name.at(word));
    }
    return options;
}

}  // namespace restante::fleet
