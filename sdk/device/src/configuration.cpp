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
#include "base/text.hpp"
#include "wire/connection_string.hpp"

namespace restante::device {
namespace {

/// 1.5 times as long, the server's patience [MQTT-3.1.2-24], ends before the service's own limit.
constexpr std::chrono::seconds keep_alive_max{1740};

/// A system's whole list of authorities has some 250 KB.
constexpr std::size_t pem_bytes_max = 1024 * 1024;

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
std::uint16_t port_default(const ClientOptions& options) {
    struct Standard {
        const char* variable;
        std::uint16_t port;
    };
    const Standard standard = options.websockets ? Standard{"RESTANTE_HTTPS_PORT", 443}
                              : options.transport == Transport::mqtt
                                  ? Standard{"RESTANTE_MQTT_PORT", 8883}
                                  : Standard{"RESTANTE_AMQP_PORT", 5671};
    const char* text = environment(standard.variable);
    if (text == nullptr) return standard.port;
    std::uint16_t port = 0;
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, port);
    if (error != std::errc{} || stop != end || port == 0) {
        refuse(fmt::format("{} is '{}', not a port (1 to 65535)", standard.variable, text));
    }
    return port;
}

/// `who` names the file, `what` it should hold.
std::string read_file(std::string_view who, const std::string& path, std::string_view what) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        refuse(
            fmt::format("{} names {}, which cannot be read: {}", who, path, std::strerror(errno)));
    }
    std::string text(pem_bytes_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.empty() || text.size() > pem_bytes_max) {
        refuse(fmt::format("{} names {}, which holds no {}", who, path, what));
    }
    return text;
}

std::string trusted_certificates(const ClientOptions& options) {
    if (!options.server_verification_cert.empty()) return options.server_verification_cert;
    const char* path = environment("RESTANTE_CA_FILE");
    return path == nullptr ? std::string() : read_file("RESTANTE_CA_FILE", path, "certificates");
}

std::shared_ptr<const net::TlsClient> create_tls(const ClientOptions& options) {
    auto tls = net::TlsClient::create({.ca_pem = trusted_certificates(options)});
    if (!tls) {
        refuse(
            fmt::format("the certificates to trust (server_verification_cert or "
                        "RESTANTE_CA_FILE): {}",
                        tls.error().message));
    }
    return *std::move(tls);
}

/// The same with the device's own certificate.
std::shared_ptr<const net::TlsClient> create_tls(const ClientOptions& options, const X509& x509) {
    const net::TlsClientOptions with{
        .ca_pem = trusted_certificates(options),
        .certificate_chain_pem =
            read_file("certificate_file", x509.certificate_file, "certificate"),
        .private_key_pem = read_file("key_file", x509.key_file, "private key"),
        .pass_phrase = x509.pass_phrase};
    create_tls(options);  // the certificates to trust are named when they are at fault
    auto tls = net::TlsClient::create(with);
    if (!tls) {
        refuse(fmt::format("the device's certificate ({}) and key ({}): {}", x509.certificate_file,
                           x509.key_file, tls.error().message));
    }
    return *std::move(tls);
}

/// `gateway` may be empty: then the hub itself is connected to.
Configuration configure(
    std::string_view hub, std::string_view gateway, model::DeviceId device,
    std::variant<KeyCredentials, TokenCredentials, CertificateCredentials> credentials,
    const ClientOptions& options, std::shared_ptr<const net::TlsClient> tls) {
    check(options);
    const std::uint16_t standard = port_default(options);
    const auto named = value_or_throw(wire::split_host(hub, standard));
    auto target = gateway.empty() ? named : value_or_throw(wire::split_host(gateway, standard));
    return Configuration{.hub = named.host,
                         .host = std::move(target.host),
                         .port = options.port != 0 ? options.port : target.port,
                         .device = std::move(device),
                         .credentials = std::move(credentials),
                         .options = options,
                         .tls = std::move(tls)};
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

struct DeviceResource {
    std::string host;
    model::DeviceId device;
};

/// Whom a token is for.
DeviceResource device_resource(std::string_view token) {
    const auto read = value_or_throw(auth::SharedAccessSignature::parse(token));
    const auto& path = read.path();
    if (path.size() == 4 && path[0] == "devices" && path[2] == "modules") {
        refuse("Provided SasToken is for a module");
    }
    if (path.size() != 2 || path[0] != "devices") {
        refuse("Invalid SasToken provided: its resource (sr) must be {host}/devices/{device id}");
    }
    return {.host = std::string(read.host()),
            .device = value_or_throw(model::DeviceId::parse(path[1]))};
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
            "the connection string says x509=true; use create_from_x509_certificate, which takes "
            "the certificate and its key");
    }
    auto device = value_or_throw(model::DeviceId::parse(*parts.device_id));
    const std::string gateway = parts.gateway_host_name.value_or("");
    if (parts.shared_access_key) {
        return configure(
            parts.host_name, gateway, std::move(device),
            key_credentials(*parts.shared_access_key, parts.shared_access_key_name.value_or("")),
            options, create_tls(options));
    }
    return configure(parts.host_name, gateway, std::move(device),
                     token_credentials(*parts.shared_access_signature, SystemClock().now().wall),
                     options, create_tls(options));
}

Configuration Configuration::from_symmetric_key(std::string_view key, std::string_view hostname,
                                                std::string_view device_id,
                                                const ClientOptions& options) {
    return configure(hostname, {}, value_or_throw(model::DeviceId::parse(device_id)),
                     key_credentials(key, {}), options, create_tls(options));
}

Configuration Configuration::from_sastoken(std::string_view token, WallTime now,
                                           const ClientOptions& options) {
    auto credentials = token_credentials(token, now);
    auto resource = device_resource(token);
    return configure(resource.host, {}, std::move(resource.device), std::move(credentials), options,
                     create_tls(options));
}

Configuration Configuration::from_x509_certificate(const X509& x509, std::string_view hostname,
                                                   std::string_view device_id,
                                                   const ClientOptions& options) {
    return configure(hostname, {}, value_or_throw(model::DeviceId::parse(device_id)),
                     CertificateCredentials{}, options, create_tls(options, x509));
}

TokenCredentials Configuration::read_other_token(std::string_view token, WallTime now) const {
    auto read = token_credentials(token, now);
    const auto resource = device_resource(token);
    if (resource.device != device) {
        refuse("Provided SasToken does not match existing device id");
    }
    if (!iequals(resource.host, hub)) refuse("Provided SasToken does not match existing hostname");
    return read;
}

std::string Configuration::client_type() const {
    std::string type = "restante-device-cpp/" RESTANTE_VERSION;
    if (!options.product_info.empty()) type += ' ' + options.product_info;
    return type;
}

}  // namespace restante::device
