#pragma once
// A device identity as JSON: what service clients write and read under /devices.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/device_identity.hpp"

namespace restante::wire {

/// Bytes of one identity. A full one has less than 3 KiB.
inline constexpr std::size_t device_json_bytes_max = 64 * 1024;

/// Bytes of a list of identities a client reads: a thousand full ones and some air.
inline constexpr std::size_t device_list_json_bytes_max = 8 * 1024 * 1024;

// The hub's side.

/// The fields and null conventions of the service: times without a zone, year one for never, keys
/// null unless the type is `sas`.
std::string to_json(const model::DeviceDescription& device);
std::string to_json(std::span<const model::DeviceDescription> devices);

/// The body of a PUT to `id`. Empty symmetric keys mean that the hub is to make them. Members a
/// client cannot write are ignored. What the values mean for the registry is core's to decide.
///
/// Errors: argument_invalid, with the service's text where one is known.
Result<model::DeviceDefinition> definition_from_json(std::string_view body,
                                                     const model::DeviceId& id);

// The service client's side.

/// The body of a PUT; empty symmetric keys ask the hub to make them.
std::string to_json(const model::DeviceDefinition& device);

/// An identity as a hub sent it.
struct ReceivedDevice {
    /// Its `identity.version` is 0 when the tag is not of Restante's making.
    model::DeviceDescription description;
    /// Opaque: goes back in If-Match as it came.
    std::string etag;
};

/// Errors: malformed.
Result<ReceivedDevice> device_from_json(std::string_view body);
Result<std::vector<ReceivedDevice>> devices_from_json(std::string_view body);

}  // namespace restante::wire
