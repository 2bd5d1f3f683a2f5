#include "core/registry/identity_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "model/limits.hpp"

namespace restante::core {
namespace {

using model::AuthenticationType;

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
}

Result<void> check_key(std::string_view key) {
    const auto bytes = from_base64(key);
    if (bytes && bytes->size() >= model::limits::symmetric_key_bytes_min &&
        bytes->size() <= model::limits::symmetric_key_bytes_max) {
        return {};
    }
    return fail(ErrorCode::argument_invalid,
                fmt::format("Invalid device key length: a key is the base64 text of {} to {} bytes",
                            model::limits::symmetric_key_bytes_min,
                            model::limits::symmetric_key_bytes_max));
}

Result<void> check_thumbprint(const std::optional<std::string>& thumbprint) {
    if (!thumbprint) return {};
    const bool sized = thumbprint->size() == 40 || thumbprint->size() == 64;
    if (sized && is_hex(*thumbprint)) return {};
    return fail(ErrorCode::argument_invalid,
                "StringIsNotThumbprint: a thumbprint has 40 (SHA-1) or 64 (SHA-256) hex digits "
                "and no separators");
}

}  // namespace

Result<void> complete_authentication(model::AuthenticationMechanism& authentication,
                                     FreshKeys fresh) {
    auto& key = authentication.symmetric_key;
    if (authentication.type != AuthenticationType::sas) {
        key = {};
    } else if (key.primary.empty() && key.secondary.empty()) {
        key = {.primary = std::move(fresh.primary), .secondary = std::move(fresh.secondary)};
    } else if (key.primary.empty() || key.secondary.empty()) {
        return fail(ErrorCode::argument_invalid, "Either no keys or both keys can be set");
    } else {
        if (auto checked = check_key(key.primary); !checked) return checked;
        if (auto checked = check_key(key.secondary); !checked) return checked;
    }
    if (authentication.type != AuthenticationType::self_signed) {
        authentication.x509_thumbprint = {};
    }
    if (auto checked = check_thumbprint(authentication.x509_thumbprint.primary); !checked) {
        return checked;
    }
    return check_thumbprint(authentication.x509_thumbprint.secondary);
}

Result<model::DeviceDefinition> complete_definition(model::DeviceDefinition definition,
                                                    FreshKeys fresh) {
    if (definition.authentication.type == AuthenticationType::none) {
        return fail(ErrorCode::argument_invalid,
                    "DeviceAuthenticationTypeIsMissing: authentication.type none is for modules "
                    "only");
    }
    if (auto checked = complete_authentication(definition.authentication, std::move(fresh));
        !checked) {
        return std::unexpected(checked.error());
    }
    if (definition.status_reason &&
        utf8_characters(*definition.status_reason) > model::limits::status_reason_characters_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("statusReason has at most {} characters",
                                model::limits::status_reason_characters_max));
    }
    return definition;
}

}  // namespace restante::core
