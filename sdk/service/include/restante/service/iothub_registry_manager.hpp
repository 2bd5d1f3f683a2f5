#pragma once
// IoTHubRegistryManager: what a back end does with a hub. Mirrors the class of that name in the
// Python package azure-iot-hub, against Restante and against Azure IoT Hub.
//
//     auto manager = restante::IoTHubRegistryManager::from_connection_string(connection_string);
//     manager.send_c2d_message("Device-1", "hello", {{"messageId", "message1"}});

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "restante/service/exceptions.hpp"
#include "restante/service/models.hpp"
#include "restante/service/properties.hpp"
#include "restante/service/service_options.hpp"

namespace restante {

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
                          const MessageProperties& properties = {});

    // -- devices -----------------------------------------------------------------------------
    // As in Python: `status` is "enabled" or "disabled"; what is left out is null. An update
    // replaces the whole identity, keys included: empty ones are made anew by the hub. An empty
    // etag means any version, another one that the device must still have it (412001).

    /// Registers a device that authenticates by key. Empty keys: the hub makes them.
    Device create_device_with_sas(const std::string& device_id, const std::string& primary_key,
                                  const std::string& secondary_key, const std::string& status,
                                  bool iot_edge = false, const std::string& status_reason = "",
                                  const std::string& device_scope = "",
                                  const std::vector<std::string>& parent_scopes = {});
    /// The same with a certificate of its own, known by its fingerprint.
    Device create_device_with_x509(const std::string& device_id,
                                   const std::string& primary_thumbprint,
                                   const std::string& secondary_thumbprint,
                                   const std::string& status, bool iot_edge = false,
                                   const std::string& status_reason = "",
                                   const std::string& device_scope = "",
                                   const std::vector<std::string>& parent_scopes = {});
    /// The same with a certificate that an authority of the hub has issued.
    Device create_device_with_certificate_authority(
        const std::string& device_id, const std::string& status, bool iot_edge = false,
        const std::string& status_reason = "", const std::string& device_scope = "",
        const std::vector<std::string>& parent_scopes = {});
    Device update_device_with_sas(const std::string& device_id, const std::string& etag,
                                  const std::string& primary_key, const std::string& secondary_key,
                                  const std::string& status, bool iot_edge = false,
                                  const std::string& status_reason = "",
                                  const std::string& device_scope = "",
                                  const std::vector<std::string>& parent_scopes = {});
    Device update_device_with_x509(const std::string& device_id, const std::string& etag,
                                   const std::string& primary_thumbprint,
                                   const std::string& secondary_thumbprint,
                                   const std::string& status, bool iot_edge = false,
                                   const std::string& status_reason = "",
                                   const std::string& device_scope = "",
                                   const std::vector<std::string>& parent_scopes = {});
    Device update_device_with_certificate_authority(
        const std::string& device_id, const std::string& etag, const std::string& status,
        bool iot_edge = false, const std::string& status_reason = "",
        const std::string& device_scope = "", const std::vector<std::string>& parent_scopes = {});
    Device get_device(const std::string& device_id);
    /// Also removes the messages that wait for it. An empty etag deletes any version.
    void delete_device(const std::string& device_id, const std::string& etag = "");
    /// Up to 1000, in no promised order.
    std::vector<Device> get_devices(std::size_t max_number_of_devices = 1000);
    /// Restante's own, for more than a thousand: up to 1000 devices behind those of the page that
    /// came with the token. Azure IoT Hub answers the first page alone.
    DevicePage get_devices_page(const std::string& continuation_token = "");

    // -- modules -----------------------------------------------------------------------------
    Module create_module_with_sas(const std::string& device_id, const std::string& module_id,
                                  const std::string& managed_by, const std::string& primary_key,
                                  const std::string& secondary_key);
    Module create_module_with_x509(const std::string& device_id, const std::string& module_id,
                                   const std::string& managed_by,
                                   const std::string& primary_thumbprint,
                                   const std::string& secondary_thumbprint);
    Module create_module_with_certificate_authority(const std::string& device_id,
                                                    const std::string& module_id,
                                                    const std::string& managed_by);
    Module update_module_with_sas(const std::string& device_id, const std::string& module_id,
                                  const std::string& managed_by, const std::string& etag,
                                  const std::string& primary_key, const std::string& secondary_key);
    Module update_module_with_x509(const std::string& device_id, const std::string& module_id,
                                   const std::string& managed_by, const std::string& etag,
                                   const std::string& primary_thumbprint,
                                   const std::string& secondary_thumbprint);
    Module update_module_with_certificate_authority(const std::string& device_id,
                                                    const std::string& module_id,
                                                    const std::string& managed_by,
                                                    const std::string& etag);
    Module get_module(const std::string& device_id, const std::string& module_id);
    std::vector<Module> get_modules(const std::string& device_id);
    void delete_module(const std::string& device_id, const std::string& module_id,
                       const std::string& etag = "");

    // -- many --------------------------------------------------------------------------------
    /// 1 to 100 entries, each done or failed for itself: that some failed is no exception. No
    /// device may stand in two of them (400011).
    BulkRegistryOperationResult bulk_create_or_update_devices(
        const std::vector<ExportImportDevice>& devices);
    /// One page; the token of its result asks for the next. 0 leaves the number of items to the
    /// hub, which gives 100 at most.
    QueryResult query_iot_hub(const QuerySpecification& query_specification,
                              const std::string& continuation_token = "",
                              std::size_t max_item_count = 0);
    ServiceStatistics get_service_statistics();
    RegistryStatistics get_device_registry_statistics();

  private:
    struct Impl;
    explicit IoTHubRegistryManager(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace restante
