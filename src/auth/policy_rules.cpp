#include "auth/policy_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "model/limits.hpp"

namespace restante::auth {
namespace {

namespace limits = model::limits;

constexpr std::size_t key_bytes = 32;

constexpr std::array<std::pair<Rights, std::string_view>, 4> right_names{
    {{Rights::registry_read, "RegistryRead"},
     {Rights::registry_write, "RegistryWrite"},
     {Rights::service_connect, "ServiceConnect"},
     {Rights::device_connect, "DeviceConnect"}}};

Result<Rights> parse_right(std::string_view word) {
    std::vector<std::string> names;
    for (const auto& [right, name] : right_names) {
        if (name == word) return right;
        names.emplace_back(name);
    }
    const auto suggestion = nearest(word, names);
    return fail(ErrorCode::argument_invalid,
                fmt::format("'{}' is not a right{}", word,
                            suggestion ? "; did you mean " + *suggestion + "?"
                                       : fmt::format("; there are {}", fmt::join(names, ", "))));
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::unexpected<Error> refuse(const SharedAccessPolicy& policy, std::string_view reason) {
    return fail(ErrorCode::argument_invalid, fmt::format("policy '{}': {}", policy.name, reason));
}

Result<void> check_key(const SharedAccessPolicy& policy, std::string_view which,
                       std::string_view key) {
    const auto bytes = from_base64(key);
    if (!bytes) return refuse(policy, fmt::format("{} is not base64", which));
    if (bytes->size() < limits::symmetric_key_bytes_min ||
        bytes->size() > limits::symmetric_key_bytes_max) {
        return refuse(policy, fmt::format("{} has {} bytes before base64, must have {} to {}",
                                          which, bytes->size(), limits::symmetric_key_bytes_min,
                                          limits::symmetric_key_bytes_max));
    }
    return {};
}

Result<void> check_policy(const SharedAccessPolicy& policy) {
    if (auto named = check_keyring_name(policy.name); !named) {
        return refuse(policy, named.error().message);
    }
    if (policy.rights == Rights::none) return refuse(policy, "it has no right");
    if (auto key = check_key(policy, "primaryKey", policy.primary_key); !key) return key;
    return check_key(policy, "secondaryKey", policy.secondary_key);
}

}  // namespace

Result<void> check_keyring_name(std::string_view name) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    };
    if (name.empty() || name.size() > limits::keyring_name_characters_max ||
        !std::all_of(name.begin(), name.end(), is_plain)) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("a name has 1 to {} letters, digits, '-', '.' and '_'",
                                limits::keyring_name_characters_max));
    }
    return {};
}

std::string to_text(Rights rights) {
    std::string text;
    for (const auto& [right, name] : right_names) {
        if (!includes(rights, right)) continue;
        if (!text.empty()) text += ", ";
        text += name;
    }
    return text;
}

Result<Rights> parse_rights(std::string_view text) {
    Rights rights = Rights::none;
    for (const auto word : split(text, ',')) {
        const auto right = parse_right(trim(word));
        if (!right) return right;
        rights = rights | *right;
    }
    return rights;
}

std::string make_key() {
    return to_base64(random_bytes(key_bytes));
}

SharedAccessPolicy make_policy(std::string name, Rights rights) {
    return {.name = std::move(name),
            .primary_key = make_key(),
            .secondary_key = make_key(),
            .rights = rights};
}

Result<void> check_policies(const SharedAccessPolicies& policies) {
    if (policies.size() > limits::policies_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("there are {} policies, a hub has at most {}", policies.size(),
                                limits::policies_max));
    }
    std::size_t with_service_connect = 0;
    for (const auto& policy : policies) {
        if (auto valid = check_policy(policy); !valid) return valid;
        if (find(policies, policy.name) != &policy)
            return refuse(policy, "the name is there twice");
        if (includes(policy.rights, Rights::service_connect)) ++with_service_connect;
    }
    if (with_service_connect > limits::policies_with_service_connect_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("{} policies have ServiceConnect, at most {} may",
                                with_service_connect, limits::policies_with_service_connect_max));
    }
    return {};
}

}  // namespace restante::auth
