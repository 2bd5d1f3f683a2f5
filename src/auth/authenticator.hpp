#pragma once
// What a token proves: pure checks, for every edge the same.
//
// The host inside a token is not compared. The keys belong to this hub alone, so they prove the
// audience already, while one hub is rightly called many names (an alias, a gateway, a port).

#include <string>

#include "auth/shared_access_policy.hpp"
#include "auth/shared_access_signature.hpp"
#include "model/device_identity.hpp"

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

/// A token for a device: signed by the device's own key, or by a policy that may connect devices.
/// Returns when it expires. Errors: unauthorized, device_disabled.
Result<WallTime> check_device_token(const SharedAccessSignature& token,
                                    const model::DeviceIdentity& identity,
                                    const SharedAccessPolicies& policies, WallTime now);

}  // namespace restante::auth
