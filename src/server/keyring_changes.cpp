#include "server/keyring_changes.hpp"

#include <algorithm>

#include "auth/policy_rules.hpp"

namespace restante::server {
namespace {

/// The entry of `all` with that name, or null.
template <class Entry>
const Entry* named(const std::vector<Entry>& all, const std::string& name) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Entry& entry) { return entry.name == name; });
    return found == all.end() ? nullptr : &*found;
}

void add_word(std::string& words, bool differs, std::string_view word) {
    if (!differs) return;
    if (!words.empty()) words += ", ";
    words += word;
}

void compare(const auth::SharedAccessPolicies& before, const auth::SharedAccessPolicies& after,
             std::vector<KeyringChange>& changes) {
    for (const auto& old : before) {
        if (named(after, old.name) == nullptr) changes.push_back({"policy_deleted", old.name, {}});
    }
    for (const auto& policy : after) {
        const auto* old = named(before, policy.name);
        if (old == nullptr) {
            changes.push_back({"policy_created", policy.name, auth::to_text(policy.rights)});
            continue;
        }
        std::string what;
        add_word(what, old->primary_key != policy.primary_key, "primary key");
        add_word(what, old->secondary_key != policy.secondary_key, "secondary key");
        add_word(what, old->rights != policy.rights, "rights");
        if (!what.empty()) changes.push_back({"policy_changed", policy.name, what});
    }
}

void compare(const std::vector<auth::TrustedAuthority>& before,
             const std::vector<auth::TrustedAuthority>& after,
             std::vector<KeyringChange>& changes) {
    for (const auto& old : before) {
        if (named(after, old.name) == nullptr) {
            changes.push_back({"authority_removed", old.name, {}});
        }
    }
    for (const auto& authority : after) {
        const auto* old = named(before, authority.name);
        const std::string_view trust = authority.verified ? "verified" : "not verified";
        if (old == nullptr) {
            changes.push_back({"authority_added", authority.name, std::string(trust)});
            continue;
        }
        std::string what;
        add_word(what, old->certificate_pem != authority.certificate_pem, "certificate");
        add_word(what, old->verification_code != authority.verification_code, "verification code");
        add_word(what, old->verified != authority.verified, trust);
        if (!what.empty()) changes.push_back({"authority_changed", authority.name, what});
    }
}

}  // namespace

std::vector<KeyringChange> differences(const auth::Keyring& before, const auth::Keyring& after) {
    std::vector<KeyringChange> changes;
    compare(before.policies, after.policies, changes);
    compare(before.authorities, after.authorities, changes);
    return changes;
}

}  // namespace restante::server
