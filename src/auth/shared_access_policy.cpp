#include "auth/shared_access_policy.hpp"

#include <algorithm>

#include "auth/policy_rules.hpp"

namespace restante::auth {

SharedAccessPolicies make_default_policies() {
    constexpr Rights registry = Rights::registry_read | Rights::registry_write;
    return {
        make_policy("iothubowner", registry | Rights::service_connect | Rights::device_connect),
        make_policy("service", Rights::service_connect),
        make_policy("device", Rights::device_connect),
        make_policy("registryRead", Rights::registry_read),
        make_policy("registryReadWrite", registry),
    };
}

const SharedAccessPolicy* find(const SharedAccessPolicies& policies, std::string_view name) {
    const auto found = std::find_if(policies.begin(), policies.end(),
                                    [&](const auto& policy) { return policy.name == name; });
    return found == policies.end() ? nullptr : &*found;
}

}  // namespace restante::auth
