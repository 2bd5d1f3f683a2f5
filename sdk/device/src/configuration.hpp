#pragma once
// What a factory makes of its arguments: a checked value from which every connection is made.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "identity.hpp"
#include "net/proxy.hpp"
#include "net/tls.hpp"
#include "restante/device/options.hpp"

namespace restante::device {

/// A key from which each connection's token is made.
struct KeyCredentials {
    Bytes key;
    std::string policy;  ///< whose key it is; empty: the identity's own
};

/// A token that somebody else made.
struct TokenCredentials {
    std::string token;
    WallTime expiry;
};

/// A certificate, which TLS shows.
struct CertificateCredentials {};

struct Configuration {
    std::string hub;   ///< the hub's name, as tokens and the user name spell it
    std::string host;  ///< where to connect: the hub or a gateway
    std::uint16_t port = 0;
    Identity identity;
    std::variant<KeyCredentials, TokenCredentials, CertificateCredentials> credentials;
    ClientOptions options;
    std::shared_ptr<const net::TlsClient> tls;
    std::optional<net::Proxy> proxy;

    /// How the client introduces itself.
    std::string client_type() const;

    // Each throws std::invalid_argument, naming what cannot be used and never a secret.

    static Configuration from_connection_string(Kind kind, std::string_view text,
                                                const ClientOptions& options);
    static Configuration from_symmetric_key(std::string_view key, std::string_view hostname,
                                            Identity identity, const ClientOptions& options);
    static Configuration from_sastoken(Kind kind, std::string_view token, WallTime now,
                                       const ClientOptions& options);
    static Configuration from_x509_certificate(const X509& x509, std::string_view hostname,
                                               Identity identity, const ClientOptions& options);

    /// What tokens are for: "{hub}/devices/{device}[/modules/{module}]".
    std::string resource() const;

    /// Another token for the same identity and hub.
    TokenCredentials read_other_token(std::string_view token, WallTime now) const;
};

}  // namespace restante::device
