#pragma once
// All that a hub keeps of one device. Owned by HubState.

#include "core/queue/device_queue.hpp"
#include "core/registry/module_list.hpp"

namespace restante::core {

struct DeviceState {
    explicit DeviceState(model::DeviceIdentity i) : identity(std::move(i)), queue(identity.id) {}

    model::DeviceIdentity identity;
    ModuleList modules;
    DeviceQueue queue;
    model::MqttSubscriptions subscriptions;
    std::optional<WallTime> expiry;      ///< as listed in HubState's expiries_
    std::optional<SteadyTime> lock_end;  ///< as listed in HubState's lock_ends_
};

}  // namespace restante::core
