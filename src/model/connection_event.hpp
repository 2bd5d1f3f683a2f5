#pragma once
// What happened to a connection of a device or a module: for the operator who asks why it is not
// there. A plain value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "model/device_id.hpp"
#include "model/module_id.hpp"

namespace restante::model {

enum class ConnectionChange : std::uint8_t {
    connected,
    disconnected,  ///< it left, or the way to it broke
    replaced,      ///< a newer connection with the same identity took its place
    ended,         ///< the hub cut it: the identity, its keys, or what it stood on changed
};

struct ConnectionEvent {
    std::uint64_t number = 0;  ///< counts up from 1 since the hub started
    WallTime at{};
    DeviceId device;
    std::optional<ModuleId> module;
    std::string_view protocol;  ///< mqtt, amqp
    ConnectionChange change;
    std::string peer;            ///< where the connection came from and what it calls itself
    WallTime connected_since{};  ///< that connection
    std::string reason;          ///< of its end; for a replaced one, who took its place
};

}  // namespace restante::model
