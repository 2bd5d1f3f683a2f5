#include "wire/device_json.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.hpp"
#include "model/limits.hpp"
#include "wire/etag.hpp"
#include "wire/identity_json.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

namespace json = boost::json;

json::object device_object(const model::DeviceDescription& device) {
    const model::DeviceIdentity& identity = device.identity;
    return {
        {"deviceId", identity.id.value()},
        {"generationId", identity.generation_id},
        {"etag", etag_text(identity.version)},
        {"connectionState", connection_word(device.connected)},
        {"status", status_word(identity.status)},
        {"statusReason", text_or_null(identity.status_reason)},
        {"connectionStateUpdatedTime", registry_time(device.connection_state_updated_at)},
        {"statusUpdatedTime", registry_time(identity.status_updated_at)},
        {"lastActivityTime", registry_time(device.last_activity_at)},
        {"cloudToDeviceMessageCount", device.cloud_to_device_message_count},
        {"authentication", authentication_object(identity.authentication)},
        {"capabilities", {{"iotEdge", identity.iot_edge}}},
        {"deviceScope", filled_or_null(identity.device_scope)},
        {"parentScopes", parent_scopes_array(identity.parent_scope)},
    };
}

Result<ReceivedDevice> read_device(const json::value& value) {
    std::optional<Error> error;
    Members members(value.if_object(), "", error);
    auto id = model::DeviceId::parse(members.text("deviceId").value_or(""));
    if (!id) members.fail(id.error().message);
    if (error) return fail(ErrorCode::malformed, std::move(error->message));
    ReceivedDevice device{.description = {.identity = {.id = std::move(*id)}},
                          .etag = members.text("etag").value_or("")};
    model::DeviceDescription& description = device.description;
    model::DeviceIdentity& identity = description.identity;
    identity.generation_id = members.text("generationId").value_or("");
    identity.version = etag_version(device.etag).value_or(0);
    identity.status = read_status(members);
    identity.status_reason = members.filled_text("statusReason");
    identity.status_updated_at = read_time(members, "statusUpdatedTime");
    identity.authentication = read_authentication(members.object("authentication"));
    identity.iot_edge = members.object("capabilities").flag("iotEdge").value_or(false);
    identity.device_scope = members.text("deviceScope").value_or("");
    identity.parent_scope = read_parent_scope(members).value_or("");
    description.connected = iequals(members.text("connectionState").value_or(""), "Connected");
    description.connection_state_updated_at = read_time(members, "connectionStateUpdatedTime");
    description.last_activity_at = read_time(members, "lastActivityTime");
    description.cloud_to_device_message_count =
        members.count("cloudToDeviceMessageCount").value_or(0);
    if (error) return fail(ErrorCode::malformed, std::move(error->message));
    return device;
}

}  // namespace

std::string to_json(const model::DeviceDescription& device) {
    return json::serialize(device_object(device));
}

std::string to_json(std::span<const model::DeviceDescription> devices) {
    json::array list;
    list.reserve(devices.size());
    for (const auto& device : devices) list.push_back(device_object(device));
    return json::serialize(list);
}

Result<model::DeviceDefinition> definition_from_json(std::string_view body,
                                                     const model::DeviceId& id) {
    const auto value = parse_json(body, device_json_bytes_max);
    if (!value) return std::unexpected(value.error());
    if (!value->is_object()) {
        return fail(ErrorCode::argument_invalid, "the body must be a JSON object");
    }
    std::optional<Error> error;
    Members members(&value->get_object(), "", error);
    if (members.text("deviceId") != id.value()) {
        members.fail("deviceId in the body must be there and equal to the one in the path");
    }
    auto device = read_definition(members, id);
    if (error) return std::unexpected(std::move(*error));
    return device;
}

std::string to_json(const model::DeviceDefinition& device) {
    json::object body{
        {"deviceId", device.id.value()},
        {"status", status_word(device.status)},
        {"statusReason", text_or_null(device.status_reason)},
        {"authentication", authentication_object(device.authentication)},
        {"capabilities", {{"iotEdge", device.iot_edge}}},
    };
    if (device.device_scope) body["deviceScope"] = *device.device_scope;
    if (device.parent_scope) body["parentScopes"] = parent_scopes_array(*device.parent_scope);
    return json::serialize(body);
}

Result<ReceivedDevice> device_from_json(std::string_view body) {
    const auto value = parse_json(body, device_json_bytes_max);
    if (!value) return fail(ErrorCode::malformed, value.error().message);
    return read_device(*value);
}

Result<std::vector<ReceivedDevice>> devices_from_json(std::string_view body) {
    const auto value = parse_json(body, device_list_json_bytes_max);
    if (!value) return fail(ErrorCode::malformed, value.error().message);
    if (!value->is_array()) return fail(ErrorCode::malformed, "the hub's answer is no JSON array");
    std::vector<ReceivedDevice> devices;
    devices.reserve(std::min(value->get_array().size(), model::limits::device_list_max));
    for (const json::value& item : value->get_array()) {
        auto device = read_device(item);
        if (!device) return std::unexpected(device.error());
        devices.push_back(std::move(*device));
    }
    return devices;
}

}  // namespace restante::wire
