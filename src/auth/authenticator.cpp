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

std::string common_name_of(const Subject& subject) {
    return subject.module.empty() ? std::string(subject.device)
                                  : fmt::format("{}/{}", subject.device, subject.module);
}

/// Told only to those who have proved themselves.
Result<WallTime> if_enabled(const Subject& subject, WallTime expiry) {
    if (subject.status == model::DeviceStatus::enabled) return expiry;
    return fail(ErrorCode::device_disabled, "the device is disabled");
}

Result<void> check_policy_token(const SharedAccessSignature& token, const Subject& subject,
                                const SharedAccessPolicies& policies) {
    const auto policy = check_policy(token, policies);
    if (!policy) return std::unexpected(policy.error());
    if (!includes((*policy)->rights, Rights::device_connect)) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("policy '{}' lacks the right DeviceConnect", (*policy)->name));
    }
    std::vector<std::string> path{"devices", std::string(subject.device)};
    if (!subject.module.empty()) path.insert(path.end(), {"modules", std::string(subject.module)});
    if (token.covers(path) || token.covers_identity(subject.device, subject.module)) return {};
    return fail(ErrorCode::unauthorized,
                fmt::format("the token's audience (sr) does not cover this {}", subject.kind));
}

Result<void> check_own_token(const SharedAccessSignature& token, const Subject& subject) {
    const auto& [type, key, thumbprint] = subject.authentication;
    if (type == model::AuthenticationType::none) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the {} has been given no key yet", subject.kind));
    }
    if (type != model::AuthenticationType::sas) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the {} authenticates by certificate, not by key", subject.kind));
    }
    if (!signed_by(token, key.primary, key.secondary)) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the signature is not by a key of this {}", subject.kind));
    }
    if (token.covers_identity(subject.device, subject.module)) return {};
    return fail(ErrorCode::unauthorized,
                fmt::format("the token's audience (sr) is not this {}", subject.kind));
}

Result<void> check_issued(const ClientCertificate& certificate, const Subject& subject,
                          const TrustedAuthorities& authorities, WallTime now) {
    if (auto trusted = authorities.check(certificate, now); !trusted) return trusted;
    const auto name = certificate.common_name();
    if (name == common_name_of(subject)) return {};
    return fail(ErrorCode::unauthorized,
                fmt::format("the client certificate is for '{}' (its common name), not for '{}'",
                            name.value_or(""), common_name_of(subject)));
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

Subject subject_of(const model::DeviceIdentity& device) {
    return {.kind = "device",
            .device = device.id.value(),
            .module = {},
            .authentication = device.authentication,
            .status = device.status};
}

Subject subject_of(const model::ModuleDescription& module) {
    return {.kind = "module",
            .device = module.device.value(),
            .module = module.identity.id.value(),
            .authentication = module.identity.authentication,
            .status = module.device_status};
}

Result<WallTime> check_token(const SharedAccessSignature& token, const Subject& subject,
                             const SharedAccessPolicies& policies, WallTime now) {
    auto proved = token.policy() ? check_policy_token(token, subject, policies)
                                 : check_own_token(token, subject);
    if (proved) proved = token.check_expiry(now);
    if (!proved) return std::unexpected(proved.error());
    return if_enabled(subject, token.expiry());
}

Result<WallTime> check_certificate(const ClientCertificate& certificate, const Subject& subject,
                                   const TrustedAuthorities& authorities, WallTime now) {
    const auto& [type, key, thumbprint] = subject.authentication;
    if (type == model::AuthenticationType::sas || type == model::AuthenticationType::none) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the {} authenticates by key, not by certificate, and sent no "
                                "token",
                                subject.kind));
    }
    if (type == model::AuthenticationType::self_signed && !certificate.matches(thumbprint)) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the client certificate, SHA-256 thumbprint {}, is not one that "
                                "the {} is registered with",
                                certificate.fingerprint(), subject.kind));
    }
    const auto expiry = certificate.check_validity(now);
    if (!expiry) return expiry;
    if (type == model::AuthenticationType::certificate_authority) {
        const auto issued = check_issued(certificate, subject, authorities, now);
        if (!issued) return std::unexpected(issued.error());
    }
    return if_enabled(subject, *expiry);
}

}  // namespace restante::auth
