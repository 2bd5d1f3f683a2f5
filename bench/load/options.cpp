#include "options.hpp"

#include <CLI/CLI.hpp>
#include <map>

namespace restante::load {
namespace {

const std::map<std::string, Verb> verbs_by_name{{"subscribe", Verb::subscribe},
                                                {"send", Verb::send},
                                                {"live", Verb::live},
                                                {"drain", Verb::drain}};
const std::map<std::string, Sender> senders_by_name{
    {"amqp", Sender::amqp}, {"mqtt", Sender::mqtt}, {"nats", Sender::nats}};

struct Words {
    std::string verb;
    std::string sender = "amqp";
    long seconds;
    long deadline;
};

/// CLI11 would show an enumerator as a character, so it is given the names.
template <class T>
CLI::IsMember one_of(const std::map<std::string, T>& names) {
    std::vector<std::string> known;
    for (const auto& [text, value] : names) known.push_back(text);
    return CLI::IsMember(known);
}

void declare_broker(CLI::App& app, Options& options, Words& words) {
    app.add_option("--host", options.host);
    app.add_option("--ca", options.ca_file, "Whom to trust, PEM")->required();
    app.add_option("--mqtt-port", options.mqtt_port);
    app.add_option("--amqp-port", options.amqp_port);
    app.add_option("--nats-port", options.nats_port);
    app.add_option("--connection-string", options.connection_string,
                   "Of a Restante hub; the others let anyone in");
    app.add_option("--sender", words.sender, "What senders speak")->check(one_of(senders_by_name));
    app.add_option("--amqp-target", options.amqp_target, "Where an AMQP sender sends to");
    app.add_option("--nats-prefix", options.nats_prefix, "Before a NATS sender's subject");
    app.add_option("--device-filter", options.device_filter, "Of a device; {} is its name");
}

void declare_load(CLI::App& app, Options& options, Words& words) {
    app.add_option("--devices", options.devices)->check(CLI::Range(1, 1'000'000));
    app.add_option("--bytes", options.bytes, "Of a body")->check(CLI::Range(16, 65'000));
    app.add_option("--each", options.each, "Messages for each device; 0: until --seconds are over")
        ->check(CLI::Range(0, 10'000));
    app.add_option("--connections", options.connections, "Of senders")->check(CLI::Range(1, 512));
    app.add_option("--in-flight", options.in_flight, "Messages not acknowledged, in all")
        ->check(CLI::Range(1, 30'000));
    app.add_option("--rate", options.rate, "live: messages a second; 0: as many as go")
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--concurrent", options.concurrent, "Devices connected at once")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--seconds", words.seconds)->check(CLI::Range(1, 3'600));
    app.add_option("--deadline", words.deadline, "Seconds for the whole")
        ->check(CLI::Range(1, 86'400));
}

}  // namespace

std::string_view name(Verb verb) {
    for (const auto& [text, value] : verbs_by_name) {
        if (value == verb) return text;
    }
    return "unknown";
}

std::expected<Options, int> parse_options(int argc, const char* const* argv) {
    constexpr int exit_usage = 2;
    Options options;
    Words words{
        .verb = {}, .seconds = options.seconds.count(), .deadline = options.deadline.count()};
    CLI::App app("The same load for any broker: senders, and devices on MQTT.", "load");
    app.add_option("VERB", words.verb, "What to do")->required()->check(one_of(verbs_by_name));
    declare_broker(app, options, words);
    declare_load(app, options, words);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return std::unexpected(app.exit(error) == 0 ? 0 : exit_usage);
    }
    options.verb = verbs_by_name.at(words.verb);
    options.sender = senders_by_name.at(words.sender);
    options.seconds = std::chrono::seconds(words.seconds);
    options.deadline = std::chrono::seconds(words.deadline);
    return options;
}

}  // namespace restante::load
