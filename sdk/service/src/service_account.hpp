#pragma once
// Whom the SDK speaks for and how it reaches the hub: read once from connection string, options
// and environment, shared by every connection of a manager.

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "net/connector.hpp"
#include "net/loops.hpp"
#include "restante/service/iothub_registry_manager.hpp"
#include "wire/error_table.hpp"

namespace restante::service {

/// One I/O thread of the manager's own, and what every connection on it needs.
class ServiceAccount {
  public:
    /// With a connection string of one of the hub's policies. Throws std::invalid_argument.
    ServiceAccount(const std::string& connection_string, const ServiceOptions& options);

    /// Whoever it is that tokens speak for.
    struct Credentials {
        std::string host_name;  ///< may carry a port
        std::string path;       ///< what is claimed, as "/devices/d"; empty: the whole hub
        std::string policy;     ///< whose key it is; empty: the device's own
        Bytes key;
    };
    /// Throws std::invalid_argument.
    ServiceAccount(Credentials credentials, const ServiceOptions& options);

    const std::string& host() const { return host_; }
    Milliseconds timeout() const { return timeout_; }
    Now now() const { return clock_.now(); }

    struct Token {
        std::string text;
        WallTime expires_at;
    };
    /// A fresh token for what the credentials claim.
    Token make_token(WallTime now) const;

    /// AMQP by the transport of the options.
    net::ConnectionHandle connect_amqp(std::unique_ptr<net::Session> session);
    net::ConnectionHandle connect_https(std::unique_ptr<net::Session> session);

  private:
    net::ConnectionHandle connect(std::uint16_t port, std::unique_ptr<net::Session> session);

    Credentials credentials_;
    std::string host_;
    TransportType transport_type_;
    std::uint16_t amqp_port_ = 0;
    std::uint16_t https_port_ = 0;
    Milliseconds timeout_;
    std::optional<net::Proxy> proxy_;
    std::shared_ptr<const net::TlsClient> tls_;
    SystemClock clock_;
    net::Loops loops_{1};
};

/// Of a policy's connection string. Throws std::invalid_argument.
ServiceAccount::Credentials policy_credentials(const std::string& connection_string);

/// The exception for what a hub or the way to it answered.
[[noreturn]] void throw_error(const Error& error);
[[noreturn]] void throw_error(const wire::HubError& error);

}  // namespace restante::service
