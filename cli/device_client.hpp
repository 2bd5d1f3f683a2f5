#pragma once
// Devices played by the command itself: the device SDK with what the login knows of the hub.

#include "cli/login.hpp"
#include "restante/device/iothub_device_client.hpp"

namespace restante::cli {

/// A client over MQTT for an identity with a key, not yet connected.
IoTHubDeviceClient make_client(const Login::Hub& hub, const std::string& hostname,
                               const Device& device);

}  // namespace restante::cli
