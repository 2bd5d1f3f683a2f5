#pragma once
// The hub's shared access policies: named pairs of keys, each with rights.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace restante::auth {

/// A set of rights, spelled on the wire as "RegistryRead, ServiceConnect".
enum class Rights : std::uint8_t {
    none = 0,
    registry_read = 1,
    registry_write = 2,
    service_connect = 4,
    device_connect = 8,
};

constexpr Rights operator|(Rights a, Rights b) {
    return static_cast<Rights>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// Whether `held` includes all of `wanted`.
constexpr bool includes(Rights held, Rights wanted) {
    return (static_cast<unsigned>(held) & static_cast<unsigned>(wanted)) ==
           static_cast<unsigned>(wanted);
}

struct SharedAccessPolicy {
    std::string name;
    std::string primary_key;    ///< base64 of 32 random bytes
    std::string secondary_key;  ///< likewise
    Rights rights = Rights::none;

    bool operator==(const SharedAccessPolicy&) const = default;
};

using SharedAccessPolicies = std::vector<SharedAccessPolicy>;

/// The five policies of a new hub with fresh random keys: iothubowner, service, device,
/// registryRead, registryReadWrite.
SharedAccessPolicies make_default_policies();

/// nullptr when there is none. Names are compared exactly.
const SharedAccessPolicy* find(const SharedAccessPolicies& policies, std::string_view name);

}  // namespace restante::auth
