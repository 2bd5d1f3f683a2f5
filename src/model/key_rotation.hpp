#pragma once
// A request for new symmetric keys of devices and modules.

#include <vector>

#include "model/module_identity.hpp"

namespace restante::model {

enum class WhichKeys : std::uint8_t { primary, secondary, both };

struct KeyPlace {
    DeviceId device;
    std::optional<ModuleId> module;
};

struct KeyRotation {
    WhichKeys which = WhichKeys::both;
    std::vector<KeyPlace> places;
};

}  // namespace restante::model
