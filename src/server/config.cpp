#include "server/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <map>

#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace restante::server {
namespace {

/// Variables of our client libraries that share the prefix and mean nothing to the hub.
const std::vector<std::string> client_variables{"RESTANTE_CA_FILE"};

const std::map<std::string, LogLevel> log_levels{{"debug", LogLevel::debug},
                                                 {"info", LogLevel::info},
                                                 {"warning", LogLevel::warning},
                                                 {"error", LogLevel::error}};

const std::map<std::string, core::ServiceTier> service_tiers{{"off", core::ServiceTier::off},
                                                             {"F1", core::ServiceTier::f1},
                                                             {"S1", core::ServiceTier::s1},
                                                             {"S2", core::ServiceTier::s2},
                                                             {"S3", core::ServiceTier::s3}};

std::string variable_of(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        if (c == '-' || c == '.') return '_';
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return "RESTANTE_" + name;
}

std::string hint(std::string_view word, const std::vector<std::string>& known,
                 std::string_view prefix = {}) {
    const auto suggestion = nearest(word, known);
    if (!suggestion) return "; see `restante serve --help`";
    return fmt::format("; did you mean {}{}?", prefix, *suggestion);
}

/// A setting that is an ISO 8601 duration within a range.
void add_duration(CLI::App& app, const std::string& name, Milliseconds& target, Milliseconds min,
                  Milliseconds max, const std::string& text) {
    const auto read = [name, &target, min, max](const std::string& word) {
        const auto duration = parse_iso8601_duration(word);
        if (!duration) throw CLI::ValidationError("--" + name, duration.error().message);
        if (*duration < min || *duration > max) {
            throw CLI::ValidationError(
                "--" + name, fmt::format("{} is not in the range from {} to {}", word,
                                         to_iso8601_duration(min), to_iso8601_duration(max)));
        }
        target = *duration;
    };
    app.add_option_function<std::string>("--" + name, read, text)
        ->type_name("DURATION")
        ->default_str(to_iso8601_duration(target))
        ->envname(variable_of(name));
}

/// The settings that begin with cloudToDevice.
void declare_rules(CLI::App& app, core::HubRules& rules, std::vector<std::string>& names) {
    namespace limits = model::limits;
    const auto name = [&](const char* last) {
        return names.emplace_back(std::string("cloudToDevice.") + last);
    };
    const auto add_count = [&](const char* last, auto& target, auto min, auto max,
                               const std::string& text) {
        const auto full = name(last);
        app.add_option("--" + full, target, text)
            ->type_name("N")
            ->capture_default_str()
            ->check(CLI::Range(min, max))
            ->envname(variable_of(full));
    };
    add_duration(app, name("defaultTtlAsIso8601"), rules.queue.ttl_default, limits::ttl_min,
                 limits::ttl_max, "Life of a message whose sender sets no expiry, PT1M to P2D");
    add_count("maxDeliveryCount", rules.queue.delivery_count_max, limits::delivery_count_max_lowest,
              limits::delivery_count_max_highest,
              "Abandons after which a message is dead-lettered, 1 to 100");
    add_count("maxQueueDepth", rules.queue.depth_max, std::size_t{1},
              limits::queue_depth_max_highest,
              "Messages one device may have waiting, 1 to 10000; the service has 50");
    add_duration(app, name("lockDurationAsIso8601"), rules.queue.lock_duration,
                 limits::lock_duration_min, limits::lock_duration_max,
                 "How long a device holds a message, PT5S to PT5M; the service has PT1M");
    add_duration(app, name("feedback.ttlAsIso8601"), rules.feedback.ttl, limits::ttl_min,
                 limits::ttl_max, "Life of a batch of feedback, PT1M to P2D");
    add_count("feedback.maxDeliveryCount", rules.feedback.delivery_count_max,
              limits::delivery_count_max_lowest, limits::delivery_count_max_highest,
              "Abandons after which feedback is dropped, 1 to 100");
    add_duration(app, name("feedback.lockDurationAsIso8601"), rules.feedback.lock_duration,
                 limits::lock_duration_min, limits::lock_duration_max,
                 "How long a receiver holds feedback, PT5S to PT5M");
}

/// The settings that begin with throttling.
void declare_throttle(CLI::App& app, core::ThrottleRules& rules, std::vector<std::string>& names) {
    const std::string tier = names.emplace_back("throttling.profile");
    app.add_option("--" + tier, rules.tier, "Limits of a service tier: off, F1, S1, S2 or S3 [off]")
        ->type_name("TIER")
        ->transform(CLI::CheckedTransformer(service_tiers, CLI::ignore_case))
        ->envname(variable_of(tier));
    const std::string units = names.emplace_back("throttling.units");
    app.add_option("--" + units, rules.units, "Units of that tier: F1 has 1, S3 up to 10")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1U, model::limits::throttle_units_max))
        ->envname(variable_of(units));
}

void check_throttle(const core::ThrottleRules& rules) {
    using core::ServiceTier;
    const std::uint32_t max = rules.tier == ServiceTier::f1   ? 1
                              : rules.tier == ServiceTier::s3 ? 10
                                                              : model::limits::throttle_units_max;
    if (rules.units <= max) return;
    throw UsageError(fmt::format(
        "--throttling.units {} is more than that tier has: F1 has 1, S1 and S2 up to 200, S3 up "
        "to 10",
        rules.units));
}

void check_environment(const std::vector<std::string>& names) {
    std::vector<std::string> known{"RESTANTE_CONFIG"};
    for (const auto& name : names) known.push_back(variable_of(name));
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view pair(*entry);
        const std::string variable(pair.substr(0, pair.find('=')));
        if (!variable.starts_with("RESTANTE_")) continue;
        const auto is = [&](const std::string& other) { return other == variable; };
        if (std::any_of(known.begin(), known.end(), is)) continue;
        if (std::any_of(client_variables.begin(), client_variables.end(), is)) continue;
        throw UsageError(fmt::format("the environment variable {} is not a setting{}", variable,
                                     hint(variable, known)));
    }
}

/// Gives the file's values to the settings that neither a flag nor a variable has set.
void apply_file(const std::string& path, const std::vector<std::string>& names, CLI::App& app) {
    std::ifstream file(path);
    if (!file) {
        throw UsageError(fmt::format("cannot read the file '{}' named by --config", path));
    }
    for (const auto& item : CLI::ConfigTOML().from_config(file)) {
        if (item.name == "++" || item.name == "--") continue;  // a table's begin and end
        if (std::find(names.begin(), names.end(), item.fullname()) == names.end()) {
            throw UsageError(fmt::format("'{}' in {} is not a setting{}", item.fullname(), path,
                                         hint(item.fullname(), names)));
        }
        CLI::Option* option = app.get_option("--" + item.fullname());
        if (option->count() > 0) continue;
        option->add_result(item.inputs);
        option->run_callback();
    }
}

}  // namespace

std::vector<std::string> declare_settings(CLI::App& app, Config& config, std::string& config_file) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name, auto& target, const std::string& text) {
        names.push_back(name);
        return app.add_option("--" + name, target, text)->envname(variable_of(name));
    };
    add("data-dir", config.data_dir, "Folder that holds everything of this hub")
        ->type_name("DIR")
        ->capture_default_str();
    add("hostname", config.hostname, "Name in connection strings and in the certificate")
        ->type_name("NAME")
        ->capture_default_str();
    add("listen", config.listen, "Address to listen on; repeatable [127.0.0.1 and ::1]")
        ->type_name("ADDR")
        ->delimiter(',');
    add("mqtt-port", config.mqtt_port, "Port for MQTT over TLS; 0 takes a free one")
        ->type_name("N")
        ->capture_default_str();
    add("amqp-port", config.amqp_port, "Port for AMQP over TLS; 0 takes a free one")
        ->type_name("N")
        ->capture_default_str();
    add("https-port", config.https_port, "Port for HTTPS; 0 takes a free one")
        ->type_name("N")
        ->capture_default_str();
    add("san", config.san, "Further name or address for the certificate; repeatable")
        ->type_name("NAME")
        ->delimiter(',');
    add("tls-certificate", config.tls_certificate,
        "PEM file: the hub's own certificate, then its issuers [issued by the private CA]")
        ->type_name("FILE");
    add("tls-key", config.tls_key, "PEM file: the private key of --tls-certificate")
        ->type_name("FILE");
    add("unproved-connections-per-address-max", config.unproved_connections_per_address_max,
        "Connections of one address that have not yet proved who they are, 1 to 65535")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, 65535));
    add("log-level", config.log_level, "debug, info, warning or error [info]")
        ->type_name("LEVEL")
        ->transform(CLI::CheckedTransformer(log_levels, CLI::ignore_case));
    declare_rules(app, config.rules, names);
    declare_throttle(app, config.rules.throttle, names);
    app.add_option("--config", config_file, "TOML file with these settings")
        ->type_name("FILE")
        ->envname("RESTANTE_CONFIG");
    return names;
}

Config parse_config(std::span<const std::string> arguments) {
    Config config;
    CLI::App app("Runs a hub until it is told to stop (SIGTERM, Ctrl-C).", "restante serve");
    std::string config_file;
    const auto names = declare_settings(app, config, config_file);
    app.allow_extras();
    check_environment(names);
    try {
        // CLI11 takes the arguments in reverse.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        if (!config_file.empty()) apply_file(config_file, names, app);
    } catch (const CLI::CallForHelp&) {
        throw HelpRequested(app.help());
    } catch (const CLI::ParseError& error) {
        throw UsageError(error.what());
    }
    check_throttle(config.rules.throttle);
    for (const auto& extra : app.remaining()) {
        const bool flag = extra.starts_with("--");
        const std::string name = flag ? extra.substr(2, extra.find('=') - 2) : extra;
        throw UsageError(fmt::format("'{}' is not {}{}", extra,
                                     flag ? "a flag of serve" : "expected here",
                                     hint(name, names, "--")));
    }
    if (config.tls_certificate.empty() != config.tls_key.empty()) {
        throw UsageError("--tls-certificate and --tls-key belong together: give both or neither");
    }
    return config;
}

}  // namespace restante::server
