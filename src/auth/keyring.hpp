#pragma once
// What opens a hub: its policies' keys and the certificate authorities it trusts for its devices.
// One immutable value; a hub whose owner changes it takes a new one.

#include <string>
#include <vector>

#include "auth/shared_access_policy.hpp"

namespace restante::auth {

/// A certificate authority whose certificates prove devices, once its owner has shown to have its
/// key: by a certificate for the verification code.
struct TrustedAuthority {
    std::string name;
    std::string certificate_pem;
    std::string verification_code;
    bool verified = false;

    bool operator==(const TrustedAuthority&) const = default;
};

struct Keyring {
    SharedAccessPolicies policies;
    std::vector<TrustedAuthority> authorities;

    bool operator==(const Keyring&) const = default;
};

}  // namespace restante::auth
