#pragma once
// MQTT topics, and the user name that introduces a device.
//
//     C2D         devices/{d}/messages/devicebound/{bag}
//     telemetry   devices/{d}[/modules/{m}]/messages/events[/][{bag}[/]]
//     user name   {host}/{d}[/{m}][/[?]{query}]
//
// Ids stand in topics and user names as they are, never percent-encoded.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/device_id.hpp"
#include "model/module_id.hpp"
#include "wire/property_bag.hpp"

namespace restante::wire {

/// An MQTT string has a two-byte length [MQTT-1.5.3].
inline constexpr std::size_t topic_bytes_max = 65'535;

/// The topic a message is published to. Errors: message_too_large, when the percent-encoded
/// properties do not fit a topic.
Result<std::string> devicebound_topic(const model::DeviceId& device,
                                      const model::CloudToDeviceMessage& message);

/// The filter SDKs subscribe: "devices/{d}/messages/devicebound/#".
std::string devicebound_filter(const model::DeviceId& device);

/// Whether a filter means the device's own messages: with or without the last level.
bool match_devicebound_filter(const model::DeviceId& device, std::string_view filter);

/// Whether a filter means what is sent to a module: all of it ("devices/{d}/modules/{m}/#"), its
/// inputs or its messages. No SDK asks for more.
bool match_module_filter(const model::DeviceId& device, const model::ModuleId& module,
                         std::string_view filter);

/// The bag of a topic that `device` received a message on; nullopt when it is another topic.
std::optional<std::string_view> devicebound_bag(const model::DeviceId& device,
                                                std::string_view topic);

/// A telemetry topic. Views into the topic it was read from.
struct TelemetryTopic {
    std::string_view device_id;
    std::optional<std::string_view> module_id;
    /// Not decoded; empty when the topic has none.
    std::string_view bag;

    bool operator==(const TelemetryTopic&) const = default;
};

/// nullopt when the topic is none of telemetry.
std::optional<TelemetryTopic> parse_telemetry_topic(std::string_view topic);

/// The topic a device or its module publishes telemetry to. Errors: message_too_large, when the
/// percent-encoded properties do not fit a topic.
Result<std::string> telemetry_topic(const model::DeviceId& device,
                                    const std::optional<model::ModuleId>& module,
                                    const DeviceProperties& properties);

struct MqttUsername {
    std::string host;
    model::DeviceId device_id;
    std::optional<model::ModuleId> module_id;
    /// Empty when the query has none: old clients send no query.
    std::string api_version;
    /// The client's own name for itself (DeviceClientType), percent-decoded.
    std::string client_type;
    std::optional<std::string> model_id;

    /// Accepts every form SDKs and the documentation use. Errors: argument_invalid.
    static Result<MqttUsername> parse(std::string_view username);
};

/// The user name our device SDK sends.
std::string mqtt_username(std::string_view host, const model::DeviceId& device,
                          const std::optional<model::ModuleId>& module,
                          std::string_view client_type);

}  // namespace restante::wire
