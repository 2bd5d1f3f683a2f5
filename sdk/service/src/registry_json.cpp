#include "registry_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "base/text.hpp"
#include "service_account.hpp"
#include "wire/device_json.hpp"
#include "wire/identity_json.hpp"
#include "wire/json.hpp"

namespace restante::service {
namespace {

namespace json = boost::json;
using wire::Members;

json::value parse(std::string_view body) {
    auto value = wire::parse_json(body, wire::device_list_json_bytes_max);
    if (!value) throw_error(Error(ErrorCode::malformed, value.error().message));
    return std::move(*value);
}

void check(const std::optional<Error>& error) {
    if (error) throw_error(Error(ErrorCode::malformed, error->message));
}

const json::array& array_of(const json::value& value) {
    if (const auto* array = value.if_array()) return *array;
    throw_error(Error(ErrorCode::malformed, "the hub's answer is no JSON array"));
}

AuthenticationMechanism from_model(const model::AuthenticationMechanism& authentication) {
    return {.type = std::string(wire::type_word(authentication.type)),
            .symmetric_key = {.primary_key = authentication.symmetric_key.primary,
                              .secondary_key = authentication.symmetric_key.secondary},
            .x509_thumbprint = {
                .primary_thumbprint = authentication.x509_thumbprint.primary.value_or(""),
                .secondary_thumbprint = authentication.x509_thumbprint.secondary.value_or("")}};
}

Device to_device(const wire::ReceivedDevice& received) {
    const auto& description = received.description;
    const auto& identity = description.identity;
    Device device;
    device.device_id = identity.id.value();
    device.generation_id = identity.generation_id;
    device.etag = received.etag;
    device.status = wire::status_word(identity.status);
    device.status_reason = identity.status_reason.value_or("");
    device.connection_state = wire::connection_word(description.connected);
    device.connection_state_updated_time =
        wire::registry_time(description.connection_state_updated_at);
    device.status_updated_time = wire::registry_time(identity.status_updated_at);
    device.last_activity_time = wire::registry_time(description.last_activity_at);
    device.cloud_to_device_message_count = description.cloud_to_device_message_count;
    device.authentication = from_model(identity.authentication);
    device.capabilities.iot_edge = identity.iot_edge;
    device.device_scope = identity.device_scope;
    if (!identity.parent_scope.empty()) device.parent_scopes = {identity.parent_scope};
    return device;
}

Module read_module(const json::value& value) {
    std::optional<Error> error;
    Members members(value.if_object(), "", error);
    Module module;
    module.module_id = members.text("moduleId").value_or("");
    if (module.module_id.empty()) members.fail("the hub's answer is no module");
    module.managed_by = members.text("managedBy").value_or("");
    module.device_id = members.text("deviceId").value_or("");
    module.generation_id = members.text("generationId").value_or("");
    module.etag = members.text("etag").value_or("");
    module.connection_state = members.text("connectionState").value_or("");
    module.connection_state_updated_time = members.text("connectionStateUpdatedTime").value_or("");
    module.last_activity_time = members.text("lastActivityTime").value_or("");
    module.cloud_to_device_message_count = members.count("cloudToDeviceMessageCount").value_or(0);
    module.authentication = from_model(wire::read_authentication(members.object("authentication")));
    check(error);
    return module;
}

json::value text_or_null(const std::string& text) {
    return wire::filled_or_null(wire::to_utf8(text));
}

json::array array_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const auto& text : texts) array.emplace_back(wire::to_utf8(text));
    return array;
}

}  // namespace

Device device_from_json(std::string_view body) {
    const auto device = wire::device_from_json(body);
    if (!device) throw_error(device.error());
    return to_device(*device);
}

std::vector<Device> devices_from_json(std::string_view body) {
    const auto received = wire::devices_from_json(body);
    if (!received) throw_error(received.error());
    std::vector<Device> devices;
    devices.reserve(received->size());
    for (const auto& device : *received) devices.push_back(to_device(device));
    return devices;
}

Module module_from_json(std::string_view body) {
    return read_module(parse(body));
}

std::vector<Module> modules_from_json(std::string_view body) {
    const auto value = parse(body);
    std::vector<Module> modules;
    for (const auto& item : array_of(value)) modules.push_back(read_module(item));
    return modules;
}

RegistryStatistics registry_statistics_from_json(std::string_view body) {
    const auto value = parse(body);
    std::optional<Error> error;
    Members members(value.if_object(), "", error);
    const RegistryStatistics statistics{
        .total_device_count = members.count("totalDeviceCount").value_or(0),
        .enabled_device_count = members.count("enabledDeviceCount").value_or(0),
        .disabled_device_count = members.count("disabledDeviceCount").value_or(0)};
    check(error);
    return statistics;
}

ServiceStatistics service_statistics_from_json(std::string_view body) {
    const auto value = parse(body);
    std::optional<Error> error;
    Members members(value.if_object(), "", error);
    const ServiceStatistics statistics{.connected_device_count =
                                           members.count("connectedDeviceCount").value_or(0)};
    check(error);
    return statistics;
}

PurgeMessageQueueResult purge_result_from_json(std::string_view body) {
    const auto value = parse(body);
    std::optional<Error> error;
    Members members(value.if_object(), "", error);
    const auto count = members.count("totalMessagesPurged");
    if (!count) members.fail("the hub's answer names no totalMessagesPurged");
    PurgeMessageQueueResult result{.total_messages_purged = count.value_or(0),
                                   .device_id = members.text("deviceId").value_or(""),
                                   .module_id = members.text("moduleId").value_or("")};
    check(error);
    return result;
}

std::vector<std::string> rows_from_json(std::string_view body) {
    const auto value = parse(body);
    std::vector<std::string> rows;
    for (const auto& item : array_of(value)) rows.push_back(json::serialize(item));
    return rows;
}

std::string module_body(const Module& identity) {
    return json::serialize(json::object{
        {"deviceId", identity.device_id},
        {"moduleId", identity.module_id},
        {"managedBy", text_or_null(identity.managed_by)},
        {"authentication", wire::authentication_object(to_model(identity.authentication))}});
}

model::AuthenticationMechanism to_model(const AuthenticationMechanism& authentication) {
    const auto& [type, key, thumbprint] = authentication;
    const auto filled = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    const json::object spelled{{"type", wire::to_utf8(type)}};
    std::optional<Error> error;
    auto read = wire::read_authentication(Members(&spelled, "", error));
    if (error) throw std::invalid_argument(error->message);
    read.symmetric_key = {.primary = key.primary_key, .secondary = key.secondary_key};
    read.x509_thumbprint = {.primary = filled(thumbprint.primary_thumbprint),
                            .secondary = filled(thumbprint.secondary_thumbprint)};
    return read;
}

}  // namespace restante::service

namespace restante {

namespace json = boost::json;

std::string Device::serialize() const {
    return json::serialize(json::object{
        {"deviceId", device_id},
        {"generationId", generation_id},
        {"etag", etag},
        {"connectionState", connection_state},
        {"status", status},
        {"statusReason", service::text_or_null(status_reason)},
        {"connectionStateUpdatedTime", connection_state_updated_time},
        {"statusUpdatedTime", status_updated_time},
        {"lastActivityTime", last_activity_time},
        {"cloudToDeviceMessageCount", cloud_to_device_message_count},
        {"authentication", wire::authentication_object(service::to_model(authentication))},
        {"capabilities", {{"iotEdge", capabilities.iot_edge}}},
        {"deviceScope", service::text_or_null(device_scope)},
        {"parentScopes", service::array_of(parent_scopes)}});
}

std::string Module::serialize() const {
    return json::serialize(json::object{
        {"moduleId", module_id},
        {"managedBy", service::text_or_null(managed_by)},
        {"deviceId", device_id},
        {"generationId", generation_id},
        {"etag", etag},
        {"connectionState", connection_state},
        {"connectionStateUpdatedTime", connection_state_updated_time},
        {"lastActivityTime", last_activity_time},
        {"cloudToDeviceMessageCount", cloud_to_device_message_count},
        {"authentication", wire::authentication_object(service::to_model(authentication))}});
}

std::string ExportImportDevice::serialize() const {
    json::object entry{{"id", wire::to_utf8(id)}};
    if (!module_id.empty()) {
        entry["moduleId"] = wire::to_utf8(module_id);
        entry["managedBy"] = service::text_or_null(managed_by);
    }
    if (!e_tag.empty()) entry["eTag"] = wire::to_utf8(e_tag);
    if (!import_mode.empty()) entry["importMode"] = wire::to_utf8(import_mode);
    if (!authentication.type.empty()) {
        entry["authentication"] = wire::authentication_object(service::to_model(authentication));
    }
    if (module_id.empty()) {
        if (!status.empty()) entry["status"] = wire::to_utf8(status);
        entry["statusReason"] = service::text_or_null(status_reason);
        entry["capabilities"] = json::object{{"iotEdge", capabilities.iot_edge}};
        entry["deviceScope"] = service::text_or_null(device_scope);
        entry["parentScopes"] = service::array_of(parent_scopes);
    }
    return json::serialize(entry);
}

ExportImportDevice ExportImportDevice::deserialize(const std::string& text) {
    const auto value = wire::parse_json(text, wire::device_json_bytes_max);
    if (!value) throw std::invalid_argument(value.error().message);
    if (!value->is_object()) throw std::invalid_argument("an identity must be a JSON object");
    std::optional<Error> error;
    wire::Members members(value->if_object(), "", error);
    ExportImportDevice entry;
    entry.id = members.text("id").value_or("");
    if (entry.id.empty()) members.fail("an identity must have an id");
    entry.module_id = members.text("moduleId").value_or("");
    entry.e_tag = members.text("eTag").value_or("");
    entry.import_mode = members.text("importMode").value_or("");
    entry.status = members.text("status").value_or("");
    entry.status_reason = members.text("statusReason").value_or("");
    entry.managed_by = members.text("managedBy").value_or("");
    const auto authentication = wire::read_authentication(members.object("authentication"));
    entry.authentication = service::from_model(authentication);
    entry.capabilities.iot_edge = members.object("capabilities").flag("iotEdge").value_or(false);
    entry.device_scope = members.text("deviceScope").value_or("");
    if (const auto* scopes = members.array("parentScopes")) {
        for (const auto& scope : *scopes) {
            if (!scope.is_string()) members.fail("parentScopes must be an array of strings");
            if (scope.is_string()) entry.parent_scopes.emplace_back(scope.get_string());
        }
    }
    if (error) throw std::invalid_argument(error->message);
    return entry;
}

}  // namespace restante
