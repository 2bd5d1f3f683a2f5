#pragma once
// How a certificate authority comes to be trusted: its owner names its certificate, is given a code
// and shows to have its key by signing a certificate whose subject's common name is that code.
//
// Pure checks of PEM texts; the keyring itself is kept elsewhere.

#include <string>
#include <string_view>
#include <vector>

#include "auth/keyring.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace restante::auth {

/// What a person tells an authority's certificate by.
struct AuthorityDescription {
    std::string subject;      ///< "CN=Fleet CA, O=Example"
    std::string fingerprint;  ///< SHA-256, upper-case hex
    WallTime expires_at;
};

/// Errors: argument_invalid, when `certificate_pem` is not one certificate of an authority.
Result<AuthorityDescription> describe_authority(std::string_view certificate_pem);

/// As above, and it has not expired.
Result<AuthorityDescription> check_new_authority(std::string_view certificate_pem, WallTime now);

/// 48 hexadecimal digits, upper case: fits a common name and cannot be guessed.
std::string make_verification_code();

/// Whether `proof_pem` shows that its signer holds the authority's key and knows the code: the
/// authority signed it, both are valid at `now`, and its common name is the code. Errors:
/// argument_invalid, saying which of these is not so.
Result<void> check_possession(const TrustedAuthority& authority, std::string_view proof_pem,
                              WallTime now);

/// Of authorities read from a file: names, certificates, codes, nothing twice, and how many there
/// are. One that has expired is valid: it was not when it came. Errors: argument_invalid, naming
/// the authority.
Result<void> check_authorities(const std::vector<TrustedAuthority>& authorities);

}  // namespace restante::auth
