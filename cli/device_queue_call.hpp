#pragma once
// The queue of a device from the device's side, over HTTPS: receive and settle. The login is that
// of a policy with DeviceConnect, or the device's own connection string.

#include <cstdint>
#include <optional>

#include "cli/hub_call.hpp"
#include "cli/message_output.hpp"

namespace restante::cli {

enum class Settling : std::uint8_t { complete, abandon, reject };

class DeviceQueueCall {
  public:
    /// Throws server::UsageError when the login is another device's, std::invalid_argument when
    /// the id is none.
    static DeviceQueueCall by(const Login& login, const std::string& device_id);

    /// The next message, locked for so many seconds (0: as the hub has it), or nothing.
    std::optional<MessageParts> receive(std::uint32_t lock_seconds);
    void settle(const std::string& lock_token, Settling settling);

  private:
    DeviceQueueCall(HubCall hub, std::string device_id)
        : hub_(std::move(hub)), device_id_(std::move(device_id)) {}

    std::string target(const std::string& rest, const std::string& query = {}) const;

    HubCall hub_;
    std::string device_id_;
};

}  // namespace restante::cli
