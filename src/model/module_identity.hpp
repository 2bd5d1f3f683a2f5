#pragma once
// A module as the identity registry knows it: a part of a device that has keys of its own.

#include <cstdint>
#include <optional>
#include <string>

#include "model/device_identity.hpp"
#include "model/module_id.hpp"

namespace restante::model {

struct ModuleIdentity {
    ModuleId id;
    /// As a device's.
    std::string generation_id;
    std::uint64_t version = 0;
    std::optional<std::string> managed_by;
    AuthenticationMechanism authentication;

    bool operator==(const ModuleIdentity&) const = default;
};

/// What a client may write of a module.
struct ModuleDefinition {
    DeviceId device;
    ModuleId id;
    std::optional<std::string> managed_by;
    AuthenticationMechanism authentication;
};

/// A module with what the hub observes about it, and with what decides whether it may connect.
struct ModuleDescription {
    DeviceId device;
    DeviceStatus device_status = DeviceStatus::enabled;
    ModuleIdentity identity;
    bool connected = false;
    std::optional<WallTime> connection_state_updated_at;
    std::optional<WallTime> last_activity_at;
};

}  // namespace restante::model
