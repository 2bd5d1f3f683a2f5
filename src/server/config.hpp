#pragma once
// How a hub is told what to be. Every setting has one name, spelled --mqtt-port as a flag,
// RESTANTE_MQTT_PORT in the environment and mqtt-port in the TOML file named by --config; a flag
// wins over the environment, the environment over the file. A name with dots is a TOML table's key
// and has underscores in the environment.

#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/logger.hpp"
#include "core/rules.hpp"
#include "model/limits.hpp"

namespace CLI {
class App;
}

namespace restante::server {

struct Config {
    std::filesystem::path data_dir = "./restante-data";
    /// The name clients know the hub by: in connection strings and in the certificate.
    std::string hostname = "hub.localhost";
    /// Addresses to listen on, IPv4 or IPv6. Empty: this machine's loopback addresses.
    std::vector<std::string> listen;
    std::uint16_t mqtt_port = 8883;
    std::uint16_t amqp_port = 5671;
    std::uint16_t https_port = 443;
    /// Further names and addresses for the server certificate.
    std::vector<std::string> san;
    /// The hub's own certificate with its issuers, and its key, in PEM files. Both empty: the
    /// private CA issues one.
    std::string tls_certificate;
    std::string tls_key;
    /// How many connections of one address may not yet have proved who they are; at least 1.
    std::uint16_t unproved_connections_per_address_max =
        model::limits::unproved_connections_per_address_max;
    LogLevel log_level = LogLevel::info;
    /// The settings that begin with throttling, and those that begin with cloudToDevice: the
    /// service's names, ranges and defaults, and two more that it does not let one choose,
    /// maxQueueDepth and lockDurationAsIso8601.
    core::HubRules rules;
};

/// The user asked for something that cannot be done; the text says what and what to do instead.
class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Asked for with --help: not a failure.
class HelpRequested : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Declares every setting once, for all three sources, and gives their names. `config` and
/// `config_file`, where the file's name goes, outlive the app.
std::vector<std::string> declare_settings(CLI::App& app, Config& config, std::string& config_file);

/// Reads the arguments behind `restante serve`, the environment and the file. Throws UsageError on
/// an unknown name (with the nearest known one) or a value that is none; HelpRequested on --help.
Config parse_config(std::span<const std::string> arguments);

}  // namespace restante::server
