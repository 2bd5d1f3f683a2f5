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
#include "sdk/common/proxy.hpp"
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
    if (options.websockets && options.transport == Transport::https) {
        refuse("HTTPS runs in no WebSocket; leave websockets off, the port is the same");
    }
    if (options.polling_interval < seconds(1)) {
        refuse("'polling_interval' must be at least 1 second");
    }
    if (options.polling_interval > lifetime_max) {
        refuse("'polling_interval' cannot exceed ten years");
    }
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
    const bool by_https = options.websockets || options.transport == Transport::https;
    const Standard standard = by_https ? Standard{"RESTANTE_HTTPS_PORT", 443}
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
    // Ciphers apart, so that each error names the option that is at fault.
    if (!options.cipher.empty()) {
        const auto ciphers = net::TlsClient::create({.ciphers = options.cipher});
        if (!ciphers) refuse("'cipher': " + ciphers.error().message);
    }
    auto tls = net::TlsClient::create(
        {.ca_pem = trusted_certificates(options), .ciphers = options.cipher});
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
        .pass_phrase = x509.pass_phrase,
        .ciphers = options.cipher};
    create_tls(options);  // the certificates to trust are named when they are at fault
    auto tls = net::TlsClient::create(with);
    if (!tls) {
        refuse(fmt::format("the device's certificate ({}) and key ({}): {}", x509.certificate_file,
                           x509.key_file, tls.error().message));
    }
    return *std::move(tls);
}

using Credentials = std::variant<KeyCredentials, TokenCredentials, CertificateCredentials>;

Configuration configure(std::string_view hub, Identity identity, Credentials credentials,
                        const ClientOptions& options, std::shared_ptr<const net::TlsClient> tls) {
    check(options);
    if (identity.module && options.transport == Transport::https) {
        refuse("modules speak MQTT and AMQP, not HTTPS; choose another transport");
    }
    const std::uint16_t standard = port_default(options);
    const auto named = value_or_throw(wire::split_host(hub, standard));
    auto target = options.gateway_hostname.empty()
                      ? named
                      : value_or_throw(wire::split_host(options.gateway_hostname, standard));
    return Configuration{.hub = named.host,
                         .host = std::move(target.host),
                         .port = options.port != 0 ? options.port : target.port,
                         .identity = std::move(identity),
                         .credentials = std::move(credentials),
                         .options = options,
                         .tls = std::move(tls),
                         .proxy = common::to_proxy(options.proxy_options)};
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

/// A token's host and whose it is.
std::pair<std::string, Identity> token_resource(Kind kind, std::string_view token) {
    const auto read = value_or_throw(auth::SharedAccessSignature::parse(token));
    return {read.host(), Identity::of_token(kind, read.path())};
}

Identity identity_of(Kind kind, const wire::ConnectionString& parts) {
    if (kind == Kind::device && parts.module_id) {
        refuse("the connection string is a module's (ModuleId); give it to IoTHubModuleClient");
    }
    if (kind == Kind::module && !parts.module_id) {
        refuse("the connection string is a device's (no ModuleId); give it to IoTHubDeviceClient");
    }
    return parts.module_id ? Identity::parse(*parts.device_id, *parts.module_id)
                           : Identity::parse(*parts.device_id);
}

}  // namespace

Configuration Configuration::from_connection_string(Kind kind, std::string_view text,
                                                    const ClientOptions& options) {
    const auto parts = value_or_throw(wire::ConnectionString::parse(text));
    if (const auto complete = parts.check_device(); !complete) refuse(complete.error().message);
    if (parts.x509) {
        refuse(
            "the connection string says x509=true; use create_from_x509_certificate, which takes "
            "the certificate and its key");
    }
    if (!options.gateway_hostname.empty()) {
        refuse(
            "a connection string names its gateway itself (GatewayHostName=...); leave "
            "gateway_hostname empty");
    }
    ClientOptions with = options;
    with.gateway_hostname = parts.gateway_host_name.value_or("");
    auto identity = identity_of(kind, parts);
    Credentials credentials;
    if (parts.shared_access_key) {
        credentials =
            key_credentials(*parts.shared_access_key, parts.shared_access_key_name.value_or(""));
    } else {
        credentials = token_credentials(*parts.shared_access_signature, SystemClock().now().wall);
    }
    return configure(parts.host_name, std::move(identity), std::move(credentials), with,
                     create_tls(options));
}

Configuration Configuration::from_symmetric_key(std::string_view key, std::string_view hostname,
                                                Identity identity, const ClientOptions& options) {
    return configure(hostname, std::move(identity), key_credentials(key, {}), options,
                     create_tls(options));
}

Configuration Configuration::from_sastoken(Kind kind, std::string_view token, WallTime now,
                                           const ClientOptions& options) {
    auto credentials = token_credentials(token, now);
    auto [host, identity] = token_resource(kind, token);
    return configure(host, std::move(identity), std::move(credentials), options,
                     create_tls(options));
}

Configuration Configuration::from_x509_certificate(const X509& x509, std::string_view hostname,
                                                   Identity identity,
                                                   const ClientOptions& options) {
    return configure(hostname, std::move(identity), CertificateCredentials{}, options,
                     create_tls(options, x509));
}

TokenCredentials Configuration::read_other_token(std::string_view token, WallTime now) const {
    auto read = token_credentials(token, now);
    const auto [named, other] =
        token_resource(identity.module ? Kind::module : Kind::device, token);
    if (other.device != identity.device) {
        refuse("Provided SasToken does not match existing device id");
    }
    if (other.module != identity.module) {
        refuse("Provided SasToken does not match existing module id");
    }
    if (!iequals(named, hub)) refuse("Provided SasToken does not match existing hostname");
    return read;
}

std::string Configuration::resource() const {
    return hub + '/' + identity.path();
}

std::string Configuration::client_type() const {
    std::string type = "restante-device-cpp/" RESTANTE_VERSION;
    if (!options.product_info.empty()) type += ' ' + options.product_info;
    return type;
}

}  // namespace restante::device
