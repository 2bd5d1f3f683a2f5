#pragma once
// A hub's private certificate authority: what lets a hub started for the first time speak TLS at
// once, with a certificate its clients can check after trusting one file.
//
// Values only: the caller keeps the PEM texts, the private keys readable by itself alone.

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace restante::auth {

struct CertificateAndKey {
    std::string certificate_pem;
    std::string private_key_pem;
};

/// How long the authority stands: clients are given its certificate once, by hand.
inline constexpr std::chrono::days authority_validity{3652};

/// The longest that web clients accept for a server is 398 days (CA/Browser Forum BR 6.3.2).
inline constexpr std::chrono::days server_certificate_validity_default{365};

/// A new ECDSA P-256 authority named "Restante private CA".
Result<CertificateAndKey> create_certificate_authority(WallTime now);

/// A certificate for a server that is reached by each of `hosts`: DNS names, a leading "*."
/// allowed, and IP addresses. Fails with argument_invalid naming the host that is neither.
Result<CertificateAndKey> issue_server_certificate(
    const CertificateAndKey& authority, std::span<const std::string> hosts, WallTime now,
    std::chrono::days validity = server_certificate_validity_default);

/// When the first certificate of a PEM text expires.
Result<WallTime> certificate_expiry(std::string_view certificate_pem);

/// Whether a client that calls the server by `host`, a DNS name or an IP address, accepts the first
/// certificate of a PEM text for it (RFC 6125: by subjectAltName alone).
bool certificate_covers(std::string_view certificate_pem, const std::string& host);

}  // namespace restante::auth
