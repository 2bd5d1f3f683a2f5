#pragma once
// What the registry's operations take and give: the names are snake_case of the JSON's.

#include <cstddef>
#include <string>

namespace restante {

/// Both keys as base64 text; empty for devices that authenticate otherwise.
struct SymmetricKey {
    std::string primary_key;
    std::string secondary_key;
};

struct AuthenticationMechanism {
    std::string type;  ///< "sas", "selfSigned" or "certificateAuthority"
    SymmetricKey symmetric_key;
};

/// A device identity as the hub knows it.
struct Device {
    std::string device_id;
    std::string generation_id;
    std::string etag;    ///< opaque; goes back into delete_device
    std::string status;  ///< "enabled" or "disabled"
    std::string status_reason;
    std::string connection_state;  ///< "Connected" or "Disconnected"
    std::size_t cloud_to_device_message_count = 0;
    AuthenticationMechanism authentication;
};

}  // namespace restante
