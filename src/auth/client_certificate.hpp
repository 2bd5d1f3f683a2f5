#pragma once
// The certificate a client presented in its TLS handshake, which has shown that it holds the key.
// Reading one proves nothing: what it proves is decided by the checks here and by
// TrustedAuthorities.
//
// A plain value, cheap to copy.

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/device_identity.hpp"

struct x509_st;

namespace restante::auth {

class ClientCertificate {
  public:
    /// `chain_der`: the client's own certificate, then the issuers it sent along, if any.
    /// Errors: unauthorized, when one of them cannot be read.
    static Result<ClientCertificate> parse(std::span<const Bytes> chain_der);

    /// Whether its SHA-1 or SHA-256 fingerprint is one of these, in any case of hex.
    bool matches(const model::X509Thumbprint& thumbprint) const;

    /// When it ends. Errors: unauthorized, saying since when it is, or until when it is not, valid.
    Result<WallTime> check_validity(WallTime now) const;

    /// The subject's common name; nullopt when there is none or more than one.
    std::optional<std::string> common_name() const;

    /// SHA-256, upper-case hex, for the log: it is what the owner would register.
    std::string fingerprint() const;

    x509_st* native() const;
    /// The issuers it sent along.
    std::span<x509_st* const> issuers() const;

  private:
    struct Chain;
    explicit ClientCertificate(std::shared_ptr<const Chain> chain) : chain_(std::move(chain)) {}

    std::shared_ptr<const Chain> chain_;  // shared by copies; never changed
};

}  // namespace restante::auth
