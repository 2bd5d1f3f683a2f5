#include "auth/authenticator.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"

namespace restante::auth {
namespace {

/// Both keys are always tried, so the time taken does not tell which one matched.
bool signed_by(const SharedAccessSignature& token, const std::string& primary,
               const std::string& secondary) {
    const auto first = from_base64(primary);
    const auto second = from_base64(secondary);
    const bool by_first = first && token.signature_matches(*first);
    const bool by_second = second && token.signature_matches(*second);
    return by_first || by_second;
}

Result<const SharedAccessPolicy*> check_policy(const SharedAccessSignature& token,
                                               const SharedAccessPolicies& policies) {
    const auto* policy = find(policies, *token.policy());
    if (!policy) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the hub has no policy '{}'", *token.policy()));
    }
    if (!signed_by(token, policy->primary_key, policy->secondary_key)) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the signature is not by a key of policy '{}'", policy->name));
    }
    return policy;
}

}  // namespace

Result<ServicePrincipal> check_service_token(const SharedAccessSignature& token,
                                             const SharedAccessPolicies& policies, WallTime now,
                                             std::span<const std::string> resource) {
    if (!token.policy()) {
        return fail(ErrorCode::unauthorized,
                    "the token names no policy (skn), so it cannot speak for a service");
    }
    const auto policy = check_policy(token, policies);
    if (!policy) return std::unexpected(policy.error());
    if (auto live = token.check_expiry(now); !live) return std::unexpected(live.error());
    if (!token.covers(resource)) {
        return fail(ErrorCode::unauthorized,
                    "the token's audience (sr) does not cover what it is used for");
    }
    return ServicePrincipal{
        .policy = (*policy)->name, .rights = (*policy)->rights, .expires_at = token.expiry()};
}

Result<WallTime> check_device_token(const SharedAccessSignature& token,
                                    const model::DeviceIdentity& identity,
                                    const SharedAccessPolicies& policies, WallTime now) {
    if (token.policy()) {
        const auto policy = check_policy(token, policies);
        if (!policy) return std::unexpected(policy.error());
        if (!includes((*policy)->rights, Rights::device_connect)) {
            return fail(ErrorCode::unauthorized,
                        fmt::format("policy '{}' lacks the right DeviceConnect", (*policy)->name));
        }
        const std::vector<std::string> device{"devices", identity.id.value()};
        if (!token.covers(device) && !token.covers_identity(identity.id.value())) {
            return fail(ErrorCode::unauthorized,
                        "the token's audience (sr) does not cover this device");
        }
    } else {
        const auto& key = identity.authentication.symmetric_key;
        if (identity.authentication.type != model::AuthenticationType::sas) {
            return fail(ErrorCode::unauthorized,
                        "the device authenticates by certificate, not by key");
        }
        if (!signed_by(token, key.primary, key.secondary)) {
            return fail(ErrorCode::unauthorized, "the signature is not by a key of this device");
        }
        if (!token.covers_identity(identity.id.value())) {
            return fail(ErrorCode::unauthorized, "the token's audience (sr) is not this device");
        }
    }
    if (auto live = token.check_expiry(now); !live) return std::unexpected(live.error());
    if (identity.status == model::DeviceStatus::disabled) {
        return fail(ErrorCode::device_disabled, "the device is disabled");
    }
    return token.expiry();
}

}  // namespace restante::auth
