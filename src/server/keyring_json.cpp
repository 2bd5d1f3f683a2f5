#include "server/keyring_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "auth/authority_proof.hpp"
#include "auth/policy_rules.hpp"
#include "model/limits.hpp"
#include "wire/json.hpp"
#include "wire/json_members.hpp"

namespace restante::server {
namespace {

namespace json = boost::json;

/// One entry a line, so that a difference between two copies can be read.
std::string to_lines(const json::array& entries) {
    std::string text = "[";
    for (const auto& entry : entries) {
        text += text.size() == 1 ? "\n  " : ",\n  ";
        text += json::serialize(entry);
    }
    return text + "\n]\n";
}

class Entry {
  public:
    Entry(const json::object& object, std::string place)
        : object_(object), place_(std::move(place)), members_(&object, place_ + ": ", error_) {}

    std::string text(std::string_view name) {
        auto value = members_.text(name);
        if (!value) members_.fail(fmt::format("{}: {} is missing", place_, name));
        return std::move(value).value_or(std::string());
    }
    bool flag(std::string_view name) {
        const auto value = members_.flag(name);
        if (!value) members_.fail(fmt::format("{}: {} is missing", place_, name));
        return value.value_or(false);
    }
    void fail(std::string_view reason) { members_.fail(fmt::format("{}: {}", place_, reason)); }

    /// A member that no one would read is a slip: "righst".
    void refuse_others(std::initializer_list<std::string_view> known) {
        for (const auto& member : object_) {
            const std::string_view name = member.key();
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                fail(fmt::format("'{}' is not expected here", name));
            }
        }
    }
    const std::optional<Error>& error() const { return error_; }

  private:
    const json::object& object_;
    const std::string place_;
    std::optional<Error> error_;
    wire::Members members_;
};

/// Runs `read` for each entry of an array of objects.
Result<void> read_entries(std::string_view text, const std::function<void(Entry&)>& read) {
    const auto document = wire::parse_json(text, model::limits::keyring_file_bytes_max);
    if (!document) return std::unexpected(document.error());
    const auto* entries = document->if_array();
    if (entries == nullptr) return fail(ErrorCode::argument_invalid, "it is not a JSON array");
    std::size_t number = 0;
    for (const auto& value : *entries) {
        const auto place = fmt::format("entry {}", ++number);
        const auto* object = value.if_object();
        if (object == nullptr) {
            return fail(ErrorCode::argument_invalid, place + " is not a JSON object");
        }
        Entry entry(*object, place);
        read(entry);
        if (entry.error()) return std::unexpected(*entry.error());
    }
    return {};
}

auth::SharedAccessPolicy read_policy(Entry& entry) {
    auth::SharedAccessPolicy policy;
    policy.name = entry.text("keyName");
    policy.primary_key = entry.text("primaryKey");
    policy.secondary_key = entry.text("secondaryKey");
    const auto words = entry.text("rights");
    entry.refuse_others({"keyName", "primaryKey", "secondaryKey", "rights"});
    if (entry.error()) return policy;
    const auto rights = auth::parse_rights(words);
    if (!rights) {
        entry.fail(rights.error().message);
    } else {
        policy.rights = *rights;
    }
    return policy;
}

auth::TrustedAuthority read_authority(Entry& entry) {
    auth::TrustedAuthority authority;
    authority.name = entry.text("name");
    authority.certificate_pem = entry.text("certificate");
    authority.verification_code = entry.text("verificationCode");
    authority.verified = entry.flag("verified");
    entry.refuse_others({"name", "certificate", "verificationCode", "verified"});
    return authority;
}

}  // namespace

std::string policies_to_json(const auth::SharedAccessPolicies& policies) {
    json::array entries;
    for (const auto& policy : policies) {
        entries.push_back(json::object{{"keyName", policy.name},
                                       {"primaryKey", policy.primary_key},
                                       {"secondaryKey", policy.secondary_key},
                                       {"rights", auth::to_text(policy.rights)}});
    }
    return to_lines(entries);
}

Result<auth::SharedAccessPolicies> policies_from_json(std::string_view text) {
    auth::SharedAccessPolicies policies;
    const auto read =
        read_entries(text, [&](Entry& entry) { policies.push_back(read_policy(entry)); });
    if (!read) return std::unexpected(read.error());
    if (auto valid = auth::check_policies(policies); !valid) return std::unexpected(valid.error());
    return policies;
}

std::string authorities_to_json(const std::vector<auth::TrustedAuthority>& authorities) {
    json::array entries;
    for (const auto& authority : authorities) {
        entries.push_back(json::object{{"name", authority.name},
                                       {"certificate", authority.certificate_pem},
                                       {"verificationCode", authority.verification_code},
                                       {"verified", authority.verified}});
    }
    return to_lines(entries);
}

Result<std::vector<auth::TrustedAuthority>> authorities_from_json(std::string_view text) {
    std::vector<auth::TrustedAuthority> authorities;
    const auto read =
        read_entries(text, [&](Entry& entry) { authorities.push_back(read_authority(entry)); });
    if (!read) return std::unexpected(read.error());
    if (auto valid = auth::check_authorities(authorities); !valid) {
        return std::unexpected(valid.error());
    }
    return authorities;
}

}  // namespace restante::server
