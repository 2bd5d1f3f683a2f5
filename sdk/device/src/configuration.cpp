#include "configuration.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"
#include "wire/connection_string.hpp"

namespace restante::device {
namespace {

constexpr std::uint16_t mqtt_port = 8883;

/// 1.5 times as long, the server's patience [MQTT-3.1.2-24], ends before the service's own limit.
constexpr std::chrono::seconds keep_alive_max{1740};

/// A system's whole list of authorities has some 250 KB.
constexpr std::size_t ca_bytes_max = 1024 * 1024;

/// Ten years: beyond it, a slip in the unit.
constexpr std::chrono::seconds lifetime_max{std::chrono::days(3653)};

[[noreturn]] void refuse(const std::string& text) {
    throw std::invalid_argument(text);
}

template <class T>
T value_or_throw(Result<T> result) {
    if (!result) refuse(result.error().message);
    return *std::move(result);
}

void check(const ClientOptions& options) {
    using std::chrono::seconds;
    if (options.keep_alive <= seconds(0)) refuse("'keep alive' must be greater than 0");
    if (options.keep_alive > keep_alive_max) {
        refuse("'keep_alive' cannot exceed 1740 seconds (29 minutes)");
    }
    if (options.connection_retry_interval <= seconds(0)) {
        refuse("'connection_retry_interval' must be greater than 0");
    }
    if (options.connection_retry_interval > lifetime_max) {
        refuse("'connection_retry_interval' cannot exceed ten years");
    }
    if (options.sastoken_ttl <= seconds(0)) refuse("'sastoken_ttl' must be greater than 0");
    if (options.sastoken_ttl > lifetime_max) refuse("'sastoken_ttl' cannot exceed ten years");
}

const char* environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : nullptr;
}

/// The port where neither the options nor the host name say one.
std::uint16_t port_default() {
    const char* text = environment("RESTANTE_MQTT_PORT");
    if (text == nullptr) return mqtt_port;
    std::uint16_t port = 0;
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, port);
    if (error != std::errc{} || stop != end || port == 0) {
        refuse(fmt::format("RESTANTE_MQTT_PORT is '{}', not a port (1 to 65535)", text));
    }
    return port;
}

std::string trusted_certificates(const ClientOptions& options) {
    if (!options.server_verification_cert.empty()) return options.server_verification_cert;
    const char* path = environment("RESTANTE_CA_FILE");
    if (path == nullptr) return {};
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        refuse(fmt::format("RESTANTE_CA_FILE names {}, which cannot be read: {}", path,
                           std::strerror(errno)));
    }
    std::string text(ca_bytes_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.empty() || text.size() > ca_bytes_max) {
        refuse(fmt::format("RESTANTE_CA_FILE names {}, which holds no certificates", path));
    }
    return text;
}

/// `gateway` may be empty: then the hub itself is connected to.
Configuration configure(std::string_view hub, std::string_view gateway, model::DeviceId device,
                        std::variant<KeyCredentials, TokenCredentials> credentials,
                        const ClientOptions& options) {
    check(options);
    const auto named = value_or_throw(wire::split_host(hub, port_default()));
    auto target =
        gateway.empty() ? named : value_or_throw(wire::split_host(gateway, port_default()));
    auto tls = net::TlsClient::create({.ca_pem = trusted_certificates(options)});
    if (!tls) {
        refuse(
            fmt::format("the certificates to trust (server_verification_cert or "
                        "RESTANTE_CA_FILE): {}",
                        tls.error().message));
    }
    return Configuration{.hub = named.host,
                         .host = std::move(target.host),
                         .port = options.port != 0 ? options.port : target.port,
                         .device = std::move(device),
                         .credentials = std::move(credentials),
                         .options = options,
                         .tls = *std::move(tls)};
}

KeyCredentials key_credentials(std::string_view key, std::string_view policy) {
    auto bytes = from_base64(key);
    if (!bytes || bytes->empty()) {
        refuse(
            "Could not create a SasToken using provided values: the key is not base64, copy it "
            "once more");
    }
    return {.key = *std::move(bytes), .policy = std::string(policy)};
}

TokenCredentials token_credentials(std::string_view text, WallTime now) {
    const auto token = auth::SharedAccessSignature::parse(text);
    if (!token) refuse("Invalid SasToken provided: " + token.error().message);
    if (const auto holds = token->check_expiry(now); !holds) {
        refuse("Provided SasToken has already expired: " + holds.error().message);
    }
    return {.token = std::string(text), .expiry = token->expiry()};
}

}  // namespace

Configuration Configuration::from_connection_string(std::string_view text,
                                                    const ClientOptions& options) {
    const auto parts = value_or_throw(wire::ConnectionString::parse(text));
    if (const auto complete = parts.check_device(); !complete) refuse(complete.error().message);
    if (parts.module_id) {
        refuse("the connection string is a module's (ModuleId); this client is for devices");
    }
    if (parts.x509) {
        refuse(
            "the connection string says x509=true; this client proves itself by "
            "SharedAccessKey or SharedAccessSignature");
    }
    auto device = value_or_throw(model::DeviceId::parse(*parts.device_id));
    const std::string gateway = parts.gateway_host_name.value_or("");
    if (parts.shared_access_key) {
        return configure(
            parts.host_name, gateway, std::move(device),
            key_credentials(*parts.shared_access_key, parts.shared_access_key_name.value_or("")),
            options);
    }
    return configure(parts.host_name, gateway, std::move(device),
                     token_credentials(*parts.shared_access_signature, SystemClock().now().wall),
                     options);
}

Configuration Configuration::from_symmetric_key(std::string_view key, std::string_view hostname,
                                                std::string_view device_id,
                                                const ClientOptions& options) {
    return configure(hostname, {}, value_or_throw(model::DeviceId::parse(device_id)),
                     key_credentials(key, {}), options);
}

Configuration Configuration::from_sastoken(std::string_view token, WallTime now,
                                           const ClientOptions& options) {
    auto credentials = token_credentials(token, now);
    const auto read = value_or_throw(auth::SharedAccessSignature::parse(token));
    const auto& path = read.path();
    if (path.size() == 4 && path[0] == "devices" && path[2] == "modules") {
        refuse("Provided SasToken is for a module");
    }
    if (path.size() != 2 || path[0] != "devices") {
        refuse("Invalid SasToken provided: its resource (sr) must be {host}/devices/{device id}");
    }
    return configure(read.host(), {}, value_or_throw(model::DeviceId::parse(path[1])),
                     std::move(credentials), options);
}

}  // namespace restante::device
