#pragma once
// What a query can ask of an identity: names, and values.

#include <functional>
#include <span>
#include <string_view>

#include "core/query/value.hpp"
#include "model/module_identity.hpp"

namespace restante::core::query {

enum class Field : std::uint8_t {
    device_id,
    module_id,
    etag,
    device_etag,
    status,
    status_reason,
    status_update_time,
    connection_state,
    last_activity_time,
    cloud_to_device_message_count,
    authentication_type,
    x509_thumbprint,
    primary_thumbprint,
    secondary_thumbprint,
    version,
    capabilities,
    iot_edge,
    device_scope,
    parent_scopes,
    model_id,
    /// Tags, properties and every other name: no identity has it.
    nothing
};

/// The field of a path such as {"capabilities", "iotEdge"}; names match in any case.
Field find_field(std::span<const std::string> path);
/// The path's last name as the service spells it; unknown names stay as they are.
std::string canonical_name(std::span<const std::string> path);

/// The part of a description that costs a look elsewhere: asked for only when a query needs it.
struct Activity {
    bool connected = false;
    std::optional<WallTime> last_activity_at;
    std::size_t cloud_to_device_message_count = 0;
};
using Observe = std::function<Activity(const model::DeviceId& device)>;

/// One identity in front of a query. Both outlive the call.
struct Row {
    const model::DeviceIdentity& device;
    const model::ModuleIdentity* module = nullptr;  ///< with FROM devices.modules
    const Observe& observe;
};

Value value_of(Field field, const Row& row);

}  // namespace restante::core::query
