#pragma once
// The authorities of a keyring, made ready to check certificates against: built once for a keyring,
// used from any thread, never changed.

#include <memory>
#include <span>

#include "auth/client_certificate.hpp"
#include "auth/keyring.hpp"

namespace restante::auth {

class TrustedAuthorities {
  public:
    /// Only the verified ones count; what holds no certificate is left out.
    explicit TrustedAuthorities(std::span<const TrustedAuthority> authorities);
    ~TrustedAuthorities();
    TrustedAuthorities(const TrustedAuthorities&) = delete;
    TrustedAuthorities& operator=(const TrustedAuthorities&) = delete;

    /// Whether a verified authority, a root or one below, has signed the certificate, directly or
    /// through issuers that the client sent along, each valid now and made for it.
    /// Errors: unauthorized, with the cause for the log.
    Result<void> check(const ClientCertificate& certificate, WallTime now) const;

  private:
    struct Stores;
    std::unique_ptr<Stores> stores_;
};

}  // namespace restante::auth
