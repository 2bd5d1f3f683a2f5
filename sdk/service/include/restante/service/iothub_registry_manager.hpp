#pragma once
// IoTHubRegistryManager: what a back end does with a hub. Mirrors the class of that name in the
// Python package azure-iot-hub, against Restante and against Azure IoT Hub.
//
//     auto manager = restante::IoTHubRegistryManager::from_connection_string(connection_string);
//     manager.send_c2d_message("Device-1", "hello", {{"messageId", "message1"}});

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "restante/service/exceptions.hpp"
#include "restante/service/models.hpp"
#include "restante/service/properties.hpp"

namespace restante {

struct ServiceOptions {
    /// PEM text of the authority to trust instead of the system's. Empty: the file named by the
    /// environment variable RESTANTE_CA_FILE, else the system's authorities.
    std::string ca;
    /// 0: RESTANTE_AMQP_PORT and RESTANTE_HTTPS_PORT from the environment, else 5671 and 443.
    std::uint16_t amqp_port = 0;
    std::uint16_t https_port = 0;
    /// How long one operation may take, connecting included.
    std::chrono::milliseconds timeout = std::chrono::seconds(60);
};

/// Safe to use from several threads at once. No traffic happens before the first operation; the
/// AMQP connection of the first send stays for later ones and is made anew when it drops.
class IoTHubRegistryManager {
  public:
    /// "HostName=...;SharedAccessKeyName=...;SharedAccessKey=...". Throws std::invalid_argument
    /// with Python's texts: "Invalid Connection String - ...".
    static IoTHubRegistryManager from_connection_string(const std::string& connection_string,
                                                        ServiceOptions options = {});

    IoTHubRegistryManager(IoTHubRegistryManager&&) noexcept;
    IoTHubRegistryManager& operator=(IoTHubRegistryManager&&) noexcept;
    /// Closes the connection. An operation still running in another thread must have ended.
    ~IoTHubRegistryManager();

    /// The hub's name, as the connection string has it.
    const std::string& hostname() const;

    // Each operation throws IoTHubError when the hub refuses or does not answer, and
    // std::invalid_argument when the arguments cannot be sent.

    /// Leaves a message for a device. Returns once the hub has it on disk. Without a messageId
    /// among the properties a random one is given, as Python does. Codes to expect: 404001 unknown
    /// device, 403004 its queue is full, 413001 the message is beyond 64 KB.
    void send_c2d_message(const std::string& device_id, const std::string& message,
                          const Properties& properties = {});

    /// Registers a device that authenticates by key. Empty keys: the hub makes them.
    Device create_device_with_sas(const std::string& device_id, const std::string& primary_key,
                                  const std::string& secondary_key, const std::string& status);
    Device get_device(const std::string& device_id);
    /// Also removes the messages that wait for it. An empty etag deletes any version.
    void delete_device(const std::string& device_id, const std::string& etag = "");
    /// Up to 1000 devices, in no promised order.
    std::vector<Device> get_devices(std::size_t max_number_of_devices = 1000);

  private:
    struct Impl;
    explicit IoTHubRegistryManager(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace restante
