#pragma once
// AMQP addresses: of links, and of the device a message is for.
//
//     address = [ scheme "://" authority ] [ "/" ] path [ "/" ]
//
// Literals match in any case (`devicebound`, `deviceBound`); scheme, host and port are ignored,
// because a hub is reached under many names.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "model/device_id.hpp"

namespace restante::wire {

/// Whom an address means. Some clients percent-encode ids and some do not, and an id may hold a
/// '%' of its own: try `id` first, then `raw_id`.
struct DeviceTarget {
    /// Percent-decoded, or as written when the decoded text is no device id.
    model::DeviceId id;
    /// As written, when that is another valid id.
    std::optional<model::DeviceId> raw_id;
    /// Percent-decoded; a module id obeys the rules of a device id.
    std::optional<std::string> module_id;

    bool operator==(const DeviceTarget&) const = default;
};

// What a link may be attached to. The names of nodes that a service client uses come first.
/// `/messages/devicebound`
struct ServiceDevicebound {
    bool operator==(const ServiceDevicebound&) const = default;
};
/// `/messages/servicebound/feedback`
struct ServiceboundFeedback {
    bool operator==(const ServiceboundFeedback&) const = default;
};
/// `/messages/servicebound/filenotifications`, also written `fileuploadnotifications`
struct ServiceboundFileNotifications {
    bool operator==(const ServiceboundFileNotifications&) const = default;
};
/// `$cbs`
struct Cbs {
    bool operator==(const Cbs&) const = default;
};
/// `/devices/{d}[/modules/{m}]/messages/devicebound`
struct DeviceDevicebound {
    DeviceTarget target;
    bool operator==(const DeviceDevicebound&) const = default;
};
/// `/devices/{d}[/modules/{m}]/messages/events`
struct DeviceEvents {
    DeviceTarget target;
    bool operator==(const DeviceEvents&) const = default;
};
/// `/devices/{d}[/modules/{m}]/methods/devicebound`
struct DeviceMethods {
    DeviceTarget target;
    bool operator==(const DeviceMethods&) const = default;
};
/// `/devices/{d}[/modules/{m}]/twin`
struct DeviceTwin {
    DeviceTarget target;
    bool operator==(const DeviceTwin&) const = default;
};
/// Anything else, a device id that is none included.
struct UnknownAddress {
    bool operator==(const UnknownAddress&) const = default;
};

using LinkAddress = std::variant<UnknownAddress, ServiceDevicebound, ServiceboundFeedback,
                                 ServiceboundFileNotifications, Cbs, DeviceDevicebound,
                                 DeviceEvents, DeviceMethods, DeviceTwin>;

LinkAddress parse_link_address(std::string_view address);

/// The device a message's `to` names. Errors: invalid_operation with the service's text when it
/// names none, argument_invalid when the id breaks the rules.
Result<DeviceTarget> parse_to(std::string_view to);

/// `/devices/{id}/messages/devicebound`, the id as it is: how Python, Java and C write it.
std::string devicebound_to(const model::DeviceId& device);

/// The service's text for a message without a target.
inline constexpr std::string_view to_is_missing =
    "Amqp Message.Properties.To must contain the device identifier";

}  // namespace restante::wire
