#pragma once
// What a token or a certificate proves: pure checks, for every edge the same.
//
// The host inside a token is not compared. The keys belong to this hub alone, so they prove the
// audience already, while one hub is rightly called many names (an alias, a gateway, a port).

#include <string>

#include "auth/shared_access_policy.hpp"
#include "auth/shared_access_signature.hpp"
#include "auth/trusted_authorities.hpp"
#include "model/module_identity.hpp"

namespace restante::auth {

/// Who a service token speaks for, until when.
struct ServicePrincipal {
    std::string policy;
    Rights rights = Rights::none;
    WallTime expires_at;
};

/// A token signed by a policy's key for the whole hub (`resource` empty) or a resource in it.
///
/// Errors: unauthorized. The sentence names the policy and the cause (unknown policy, signature,
/// expiry and by how much, audience) for the log; clients are told less.
Result<ServicePrincipal> check_service_token(const SharedAccessSignature& token,
                                             const SharedAccessPolicies& policies, WallTime now,
                                             std::span<const std::string> resource = {});

/// A device or a module as the checks see it: a view of its identity.
struct Subject {
    std::string_view kind;  ///< "device", "module": for the sentences
    std::string_view device;
    std::string_view module;  ///< empty for a device
    const model::AuthenticationMechanism& authentication;
    model::DeviceStatus status;  ///< a module has its device's
};
Subject subject_of(const model::DeviceIdentity& device);
Subject subject_of(const model::ModuleDescription& module);

/// A token for a device or module: signed by its own key, or by a policy that may connect devices.
/// A key of a device does not prove its modules, nor the reverse. Returns when the token expires.
/// Errors: unauthorized, device_disabled.
Result<WallTime> check_token(const SharedAccessSignature& token, const Subject& subject,
                             const SharedAccessPolicies& policies, WallTime now);

/// A certificate of a device or module: its own, by thumbprint, or one by a trusted authority
/// whose common name is the device's id, or "device/module". Returns when it expires.
/// Errors: unauthorized, device_disabled.
Result<WallTime> check_certificate(const ClientCertificate& certificate, const Subject& subject,
                                   const TrustedAuthorities& authorities, WallTime now);

}  // namespace restante::auth
