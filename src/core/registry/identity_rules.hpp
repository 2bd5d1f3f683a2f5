#pragma once
// Which identities may exist: pure rules about what a client writes into the registry.

#include "model/device_identity.hpp"

namespace restante::core {

/// How a write meets what is there: the service's If-Match rules.
struct WriteCondition {
    enum class Kind : std::uint8_t { create_only, update_any, update_if_version };
    Kind kind = Kind::create_only;
    std::uint64_t version = 0;  ///< with update_if_version
};

/// Two fresh keys, made by whoever has randomness, for a definition that brings none.
struct FreshKeys {
    std::string primary;
    std::string secondary;
};

/// Keys for a `sas` definition without any, no keys for the others.
///
/// Errors: argument_invalid (one key of two, a key that is not base64 or not 16 to 64 bytes long,
/// a thumbprint that is not 40 or 64 hex digits, a status reason beyond 128 characters, no type).
Result<model::DeviceDefinition> complete_definition(model::DeviceDefinition definition,
                                                    FreshKeys fresh);

/// The same for credentials alone. Those of another type than the chosen one are dropped.
Result<void> complete_authentication(model::AuthenticationMechanism& authentication,
                                     FreshKeys fresh);

}  // namespace restante::core
