#pragma once
// Who belongs to which edge device: pure rules about scopes.
//
//     edge device    its own scope is the hub's to make and never changes; a parent is optional
//     other device   its scope is its parent's, or none

#include <functional>

#include "model/device_identity.hpp"

namespace restante::core {

struct Scopes {
    std::string device;
    std::string parent;
};

/// Whether there is an edge device whose own scope this is.
using ScopeExists = std::function<bool(std::string_view scope)>;

/// What a write makes of a device's scopes; `present` is the device before it, nullptr for a new
/// one of `generation_id`. A parent that is kept need not exist any more.
///
/// Errors: argument_invalid (an edge device's own scope is not repeated), invalid_device_scope (a
/// new parent does not exist, or is the device itself).
Result<Scopes> decide_scopes(const model::DeviceDefinition& definition,
                             const model::DeviceIdentity* present, std::string_view generation_id,
                             const ScopeExists& exists);

/// The id inside a scope, for finding the device; nullopt when it is no scope.
std::optional<model::DeviceId> device_of_scope(std::string_view scope);

}  // namespace restante::core
