#include "service_account.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"
#include "sdk/common/advice.hpp"
#include "sdk/common/proxy.hpp"
#include "sdk/websocket/client_session.hpp"
#include "wire/connection_string.hpp"
#include "wire/error_table.hpp"

namespace restante::service {
namespace {

constexpr std::uint16_t amqp_port_default = 5671;
constexpr std::uint16_t https_port_default = 443;

/// How long a token holds: renewed well before, so an hour is plenty. As Python has it.
constexpr std::chrono::hours token_lifetime{1};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::uint16_t port_from(std::uint16_t option, const char* name, std::uint16_t standard) {
    if (option != 0) return option;
    const std::string text = variable(name);
    if (text.empty()) return standard;
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
        throw std::invalid_argument(std::string("the environment variable ") + name +
                                    " must be a port from 1 to 65535");
    }
    return port;
}

std::string authority_pem(const ServiceOptions& options) {
    if (!options.ca.empty()) return options.ca;
    const std::string path = variable("RESTANTE_CA_FILE");
    if (path.empty()) return {};
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) {
        throw std::invalid_argument("cannot read the file '" + path +
                                    "' named by the environment variable RESTANTE_CA_FILE");
    }
    return text.str();
}

template <class T>
T value_or_throw(Result<T> result) {
    if (!result) throw std::invalid_argument(result.error().message);
    return std::move(*result);
}

/// The name of a failure on the way to a hub, which the service has no number for; empty for what a
/// hub answers.
std::string_view local_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::connection_failed:
            return "ConnectionFailed";
        case ErrorCode::connection_dropped:
            return "ConnectionDropped";
        case ErrorCode::cancelled:
            return "Cancelled";
        case ErrorCode::tls_failed:
            return "TlsFailed";
        case ErrorCode::timeout:
            return "Timeout";
        case ErrorCode::malformed:
        case ErrorCode::protocol_error:
            return "ProtocolError";
        default:
            return {};
    }
}

}  // namespace

ServiceAccount::Credentials policy_credentials(const std::string& connection_string) {
    const auto parsed = value_or_throw(wire::ConnectionString::parse(connection_string));
    if (auto usable = parsed.check_service(); !usable) {
        throw std::invalid_argument(usable.error().message);
    }
    if (!parsed.shared_access_key) {
        throw std::invalid_argument(
            "Invalid Connection String - Incomplete: a SharedAccessKey is needed");
    }
    const auto key = from_base64(*parsed.shared_access_key);
    if (!key) throw std::invalid_argument("the SharedAccessKey is not base64 text");
    return {.host_name = parsed.host_name,
            .path = {},
            .policy = *parsed.shared_access_key_name,
            .key = *key};
}

ServiceAccount::ServiceAccount(const std::string& connection_string, const ServiceOptions& options)
    : ServiceAccount(policy_credentials(connection_string), options) {}

ServiceAccount::ServiceAccount(Credentials credentials, const ServiceOptions& options)
    : credentials_(std::move(credentials)),
      transport_type_(options.transport_type),
      amqp_port_(port_from(options.amqp_port, "RESTANTE_AMQP_PORT", amqp_port_default)),
      https_port_(port_from(options.https_port, "RESTANTE_HTTPS_PORT", https_port_default)),
      timeout_(options.timeout),
      proxy_(common::to_proxy(options.proxy_options)) {
    const auto place = value_or_throw(wire::split_host(credentials_.host_name, https_port_));
    host_ = place.host;
    https_port_ = place.port;
    tls_ = value_or_throw(net::TlsClient::create({.ca_pem = authority_pem(options)}));
}

ServiceAccount::Token ServiceAccount::make_token(WallTime now) const {
    const WallTime expires_at = now + token_lifetime;
    return {.text = auth::SharedAccessSignature::create(host_ + credentials_.path, credentials_.key,
                                                        expires_at, credentials_.policy),
            .expires_at = expires_at};
}

net::ConnectionHandle ServiceAccount::connect_amqp(std::unique_ptr<net::Session> session) {
    if (transport_type_ == TransportType::Amqp) return connect(amqp_port_, std::move(session));
    return connect(https_port_, std::make_unique<websocket::ClientSession>(
                                    websocket::ClientOpening{
                                        .host = host_,
                                        .target = std::string(websocket::hub_target),
                                        .subprotocol = std::string(websocket::amqp_subprotocol)},
                                    std::move(session)));
}

net::ConnectionHandle ServiceAccount::connect_https(std::unique_ptr<net::Session> session) {
    return connect(https_port_, std::move(session));
}

net::ConnectionHandle ServiceAccount::connect(std::uint16_t port,
                                              std::unique_ptr<net::Session> session) {
    net::ConnectOptions options;
    options.host = host_;
    options.port = port;
    options.tls = tls_;
    options.proxy = proxy_;
    return net::connect(loops_.at(0), clock_, std::move(options), std::move(session));
}

void throw_error(const Error& error) {
    const auto name = local_name(error.code);
    if (name.empty()) throw_error(wire::HubError(error, wire::error_row(error.code).number));
    throw IoTHubError(error.message, 0, std::string(name), common::is_transient(error.code),
                      std::string(common::hint_of(error.code)));
}

void throw_error(const wire::HubError& error) {
    const auto* const said = wire::find_error(error.number);
    if (said == nullptr) throw_error(static_cast<const Error&>(error));
    // The text begins with what the error means here; the hub's own word for it, where that is
    // another, follows.
    const auto& row = wire::error_row(error.code);
    throw IoTHubError(fmt::format("{} ({}): {}", row.name, row.number, error.message),
                      static_cast<int>(said->number), std::string(said->name),
                      common::is_transient(error.code), std::string(common::hint_of(error.code)));
}

}  // namespace restante::service
