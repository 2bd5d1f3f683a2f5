#pragma once
// Who speaks through a client: a device, or one of its modules.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/device_id.hpp"
#include "model/module_id.hpp"

namespace restante::device {

enum class Kind : std::uint8_t { device, module };

struct Identity {
    model::DeviceId device;
    std::optional<model::ModuleId> module;

    // Each throws std::invalid_argument, naming what cannot be used.

    static Identity parse(std::string_view device_id);
    static Identity parse(std::string_view device_id, std::string_view module_id);
    /// Whom a token is for, which must be a `kind`.
    static Identity of_token(Kind kind, const std::vector<std::string>& path);

    /// "devices/{d}" or "devices/{d}/modules/{m}", as tokens and AMQP addresses have it.
    std::string path() const;
    /// "{d}" or "{d}/{m}", as MQTT has it.
    std::string client_id() const;

    bool operator==(const Identity&) const = default;
};

}  // namespace restante::device
