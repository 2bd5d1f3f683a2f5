#pragma once
// What the registry's operations take and give: the names are snake_case of the JSON's. An empty
// text stands for null.

#include <cstddef>
#include <string>
#include <vector>

namespace restante {

/// Both keys as base64 text; empty for devices that authenticate otherwise.
struct SymmetricKey {
    std::string primary_key;
    std::string secondary_key;
};

/// SHA-1 or SHA-256 fingerprints of a device's own certificates, as hex text.
struct X509Thumbprint {
    std::string primary_thumbprint;
    std::string secondary_thumbprint;
};

struct AuthenticationMechanism {
    std::string type;  ///< "sas", "selfSigned", "certificateAuthority", of system modules "none"
    SymmetricKey symmetric_key;
    X509Thumbprint x509_thumbprint;
};

struct DeviceCapabilities {
    bool iot_edge = false;
};

/// A device identity as the hub knows it. Times are as in the JSON: ISO 8601 without a zone, the
/// year 1 for never.
struct Device {
    std::string device_id;
    std::string generation_id;
    std::string etag;    ///< opaque; goes back into update_device_with_... and delete_device
    std::string status;  ///< "enabled" or "disabled"
    std::string status_reason;
    std::string connection_state;  ///< "Connected" or "Disconnected"
    std::string connection_state_updated_time;
    std::string status_updated_time;
    std::string last_activity_time;
    std::size_t cloud_to_device_message_count = 0;
    AuthenticationMechanism authentication;
    DeviceCapabilities capabilities;
    std::string device_scope;
    std::vector<std::string> parent_scopes;

    /// As JSON, with the names of the REST API. Like the object it holds the keys.
    std::string serialize() const;
};

/// A module identity as the hub knows it.
struct Module {
    std::string module_id;
    std::string managed_by;
    std::string device_id;
    std::string generation_id;
    std::string etag;
    std::string connection_state;
    std::string connection_state_updated_time;
    std::string last_activity_time;
    std::size_t cloud_to_device_message_count = 0;
    AuthenticationMechanism authentication;

    std::string serialize() const;
};

struct RegistryStatistics {
    std::size_t total_device_count = 0;
    std::size_t enabled_device_count = 0;
    std::size_t disabled_device_count = 0;
};

struct ServiceStatistics {
    std::size_t connected_device_count = 0;
};

/// What is to become of one identity, in a bulk request or in a file of many.
struct ExportImportDevice {
    std::string id;
    std::string module_id;  ///< empty: the device itself
    std::string e_tag;
    /// "create" (also when empty), "update", "updateIfMatchETag", "delete" or "deleteIfMatchETag";
    /// "createOrUpdate" is Restante's own in a bulk request, and Azure's in a file.
    std::string import_mode;
    std::string status;
    std::string status_reason;
    std::string managed_by;                  ///< of a module
    AuthenticationMechanism authentication;  ///< without a type: keys, which the hub makes
    DeviceCapabilities capabilities;
    std::string device_scope;
    std::vector<std::string> parent_scopes;

    /// As JSON on one line: what a bulk request holds, and a line of an export file.
    std::string serialize() const;
    /// Members that are not of an identity are ignored. Throws std::invalid_argument, saying what
    /// is wrong with the text.
    static ExportImportDevice deserialize(const std::string& text);
};

/// Why one entry of a bulk request was not done.
struct DeviceRegistryOperationError {
    std::string device_id;
    std::string module_id;
    std::string error_code;  ///< the service's name for it, such as "DeviceAlreadyExists"
    std::string error_status;
};

struct BulkRegistryOperationResult {
    bool is_successful = false;
    std::vector<DeviceRegistryOperationError> errors;
};

struct QuerySpecification {
    std::string query;
};

/// One page of a query's answer.
struct QueryResult {
    std::string type;  ///< "Twin" for SELECT *, "Raw" for others, "DeviceJob"
    /// Each a JSON object as text: what its members are is the query's to say.
    std::vector<std::string> items;
    std::string continuation_token;  ///< empty on the last page
};

/// What purge_c2d_message_queue did.
struct PurgeMessageQueueResult {
    std::size_t total_messages_purged = 0;
    std::string device_id;
    std::string module_id;  ///< empty: the device's own queue
};

/// Part of the list of all devices.
struct DevicePage {
    std::vector<Device> devices;
    std::string continuation_token;  ///< empty on the last page
};

}  // namespace restante
