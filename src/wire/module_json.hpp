#pragma once
// A module identity as JSON: what service clients write and read under /devices/{id}/modules.

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/module_identity.hpp"

namespace restante::wire {

/// The fields and null conventions of the service, as for devices.
std::string to_json(const model::ModuleDescription& module);
std::string to_json(std::span<const model::ModuleDescription> modules);

/// The body of a PUT to module `id` of `device`. Empty keys mean that the hub is to make them;
/// members a client cannot write are ignored. Errors: argument_invalid.
Result<model::ModuleDefinition> module_from_json(std::string_view body,
                                                 const model::DeviceId& device,
                                                 const model::ModuleId& id);

}  // namespace restante::wire
