#include "wire/topic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"

namespace restante::wire {
namespace {

/// The version of the service's API our device SDK names.
constexpr std::string_view api_version = "2021-04-12";

/// Pairs read from a user name's query. Four are known.
constexpr std::size_t query_pairs_max = 32;

/// Takes a path's first segment and the slash after it.
std::string_view take_segment(std::string_view& path) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    return segment;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::string devicebound_base(const model::DeviceId& device) {
    return "devices/" + device.value() + "/messages/devicebound";
}

void read_query(std::string_view query, MqttUsername& username) {
    for (std::size_t i = 0; i < query_pairs_max && !query.empty(); ++i) {
        std::string_view value = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), value.size() + 1));
        if (take_prefix(value, "api-version=")) {
            username.api_version = percent_decode(value);
        } else if (take_prefix(value, "DeviceClientType=")) {
            username.client_type = percent_decode(value);
        } else if (take_prefix(value, "model-id=")) {
            username.model_id = percent_decode(value);
        }
    }
}

Result<std::string> within_limit(std::string topic) {
    if (topic.size() > topic_bytes_max) {
        return fail(ErrorCode::message_too_large,
                    fmt::format("the message's properties make an MQTT topic of {} bytes, at most "
                                "{} are possible: move them into the body",
                                topic.size(), topic_bytes_max));
    }
    return topic;
}

}  // namespace

Result<std::string> devicebound_topic(const model::DeviceId& device,
                                      const model::CloudToDeviceMessage& message) {
    return within_limit(devicebound_base(device) + '/' + to_property_bag(device, message));
}

Result<std::string> telemetry_topic(const model::DeviceId& device,
                                    const std::optional<model::ModuleId>& module,
                                    const DeviceProperties& properties) {
    const std::string of_module = module ? "/modules/" + module->value() : std::string();
    return within_limit("devices/" + device.value() + of_module + "/messages/events/" +
                        to_property_bag(properties));
}

std::string devicebound_filter(const model::DeviceId& device) {
    return devicebound_base(device) + "/#";
}

bool match_devicebound_filter(const model::DeviceId& device, std::string_view filter) {
    return take_prefix(filter, devicebound_base(device)) &&
           (filter.empty() || filter == "/" || filter == "/#");
}

bool match_module_filter(const model::DeviceId& device, const model::ModuleId& module,
                         std::string_view filter) {
    return take_prefix(filter, "devices/" + device.value() + "/modules/" + module.value() + "/") &&
           (filter == "#" || filter == "inputs/#" || filter == "messages/devicebound/#");
}

std::optional<std::string_view> devicebound_bag(const model::DeviceId& device,
                                                std::string_view topic) {
    if (!take_prefix(topic, devicebound_base(device))) return std::nullopt;
    if (!topic.empty() && !take_prefix(topic, "/")) return std::nullopt;
    return topic;
}

std::optional<TelemetryTopic> parse_telemetry_topic(std::string_view topic) {
    TelemetryTopic read;
    if (!take_prefix(topic, "devices/")) return std::nullopt;
    read.device_id = take_segment(topic);
    if (take_prefix(topic, "modules/")) {
        read.module_id = take_segment(topic);
        if (read.module_id->empty()) return std::nullopt;
    }
    if (read.device_id.empty() || !take_prefix(topic, "messages/events")) return std::nullopt;
    if (!topic.empty() && !take_prefix(topic, "/")) return std::nullopt;
    if (topic.ends_with('/')) topic.remove_suffix(1);
    read.bag = topic;
    return read;
}

Result<MqttUsername> MqttUsername::parse(std::string_view text) {
    const std::string_view host = take_segment(text);
    if (host.empty() || text.empty()) {
        return fail(ErrorCode::argument_invalid,
                    "the MQTT user name must begin with {host}/{device id}");
    }
    auto device = model::DeviceId::parse(take_segment(text));
    if (!device) return std::unexpected(device.error());
    MqttUsername username{.host = std::string(host),
                          .device_id = std::move(*device),
                          .module_id = {},
                          .api_version = {},
                          .client_type = {},
                          .model_id = {}};
    // Ids may hold '?' and '=': only the place and, without the '?', the one pair that is always
    // there tell a query from a module.
    const bool query_follows =
        text.starts_with('?') || text.substr(0, text.find('/')).contains("api-version=");
    if (!query_follows && !text.empty()) {
        auto module = model::ModuleId::parse(take_segment(text));
        if (!module) return std::unexpected(module.error());
        username.module_id = *std::move(module);
    }
    take_prefix(text, "?");
    read_query(text, username);
    return username;
}

std::string mqtt_username(std::string_view host, const model::DeviceId& device,
                          const std::optional<model::ModuleId>& module,
                          std::string_view client_type) {
    const std::string of_module = module ? module->value() + '/' : std::string();
    return fmt::format("{}/{}/{}?api-version={}&DeviceClientType={}", host, device.value(),
                       of_module, api_version, percent_encode(client_type));
}

}  // namespace restante::wire
