#include "auth/shared_access_policy.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/random.hpp"

namespace restante::auth {
namespace {

constexpr std::size_t key_bytes = 32;

SharedAccessPolicy make(std::string name, Rights rights) {
    return {.name = std::move(name),
            .primary_key = to_base64(random_bytes(key_bytes)),
            .secondary_key = to_base64(random_bytes(key_bytes)),
            .rights = rights};
}

}  // namespace

SharedAccessPolicies make_default_policies() {
    constexpr Rights registry = Rights::registry_read | Rights::registry_write;
    return {make("iothubowner", registry | Rights::service_connect | Rights::device_connect),
            make("service", Rights::service_connect), make("device", Rights::device_connect),
            make("registryRead", Rights::registry_read), make("registryReadWrite", registry)};
}

const SharedAccessPolicy* find(const SharedAccessPolicies& policies, std::string_view name) {
    const auto found = std::find_if(policies.begin(), policies.end(),
                                    [&](const auto& policy) { return policy.name == name; });
    return found == policies.end() ? nullptr : &*found;
}

}  // namespace restante::auth
