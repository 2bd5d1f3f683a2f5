#pragma once
// What changed between two keyrings, in words for the log: names and kinds, never a key.

#include <string>
#include <string_view>
#include <vector>

#include "auth/keyring.hpp"

namespace restante::server {

struct KeyringChange {
    std::string_view event;  ///< "policy_created", "authority_changed"
    std::string name;        ///< of the policy or the authority
    std::string what;        ///< "primary key, rights"

    bool operator==(const KeyringChange&) const = default;
};

std::vector<KeyringChange> differences(const auth::Keyring& before, const auth::Keyring& after);

}  // namespace restante::server
