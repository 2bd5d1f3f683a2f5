#pragma once
// The property bag: a message's properties inside an MQTT topic.
//
//     bag  = pair *( "&" pair )
//     pair = name [ "=" value ]      ; both percent-encoded, '+' is a plus
//
// System properties are named "$.x"; every other name is an application property.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/device_id.hpp"

namespace restante::wire {

/// Pairs a bag may have for its reader. A topic has at most 65,535 bytes; real bags have a dozen
/// pairs.
inline constexpr std::size_t bag_pairs_max = 1024;

/// The bag a device receives. It is never empty, because "$.to" is always in it: the C# client
/// drops its connection without one, and Java looks for the first "%24" to find the bag. When the
/// message has no target address, the usual one of `device` stands in for it.
///
/// Leaves out application properties whose names are reserved or begin with "$.", which clients
/// would take for the hub's own words.
std::string to_property_bag(const model::DeviceId& device,
                            const model::CloudToDeviceMessage& message);

/// What a device reads from a bag, and writes into that of its telemetry. Times and words stay
/// text: a device shows them as they came.
struct DeviceProperties {
    std::optional<std::string> message_id;
    std::optional<std::string> correlation_id;
    std::optional<std::string> user_id;
    std::optional<std::string> to;
    std::optional<std::string> content_type;
    std::optional<std::string> content_encoding;
    std::optional<std::string> expiry_time;
    std::optional<std::string> ack;
    /// In the order of the bag; a name given twice keeps its last value. System properties that
    /// this table does not know stay here under their wire name, "$.x". A name without '=' has an
    /// empty value.
    std::vector<std::pair<std::string, std::string>> properties;

    bool operator==(const DeviceProperties&) const = default;
};

/// The bag of a device's telemetry; empty for no properties.
std::string to_property_bag(const DeviceProperties& properties);

/// Reads any bag that SDKs or the service write. Errors: malformed (too many pairs).
Result<DeviceProperties> from_property_bag(std::string_view bag);

}  // namespace restante::wire
