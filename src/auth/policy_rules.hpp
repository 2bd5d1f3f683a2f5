#pragma once
// What a hub's policies may look like: pure checks, the same for a file somebody edited and for a
// command. No error here holds a key.

#include <string>
#include <string_view>

#include "auth/shared_access_policy.hpp"
#include "base/result.hpp"

namespace restante::auth {

/// Names of policies and of authorities: 1 to 64 of `A-Z a-z 0-9 - . _`, which every connection
/// string, user name and token carries as they are. Errors: argument_invalid.
Result<void> check_keyring_name(std::string_view name);

/// "RegistryRead, ServiceConnect", in the order of the rights' values.
std::string to_text(Rights rights);

/// Reads rights separated by commas, in any order. Errors: argument_invalid, naming the word that
/// is no right and those that are.
Result<Rights> parse_rights(std::string_view text);

/// A new policy with two random keys.
SharedAccessPolicy make_policy(std::string name, Rights rights);

/// Base64 of 32 random bytes.
std::string make_key();

/// Names, keys and rights of each policy, no name twice, and how many there are. Errors:
/// argument_invalid, naming the policy.
Result<void> check_policies(const SharedAccessPolicies& policies);

}  // namespace restante::auth
