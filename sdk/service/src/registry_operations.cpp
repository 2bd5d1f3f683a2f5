// The registry's operations of IoTHubRegistryManager: one HTTPS request each.

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "http_call.hpp"
#include "manager_impl.hpp"
#include "model/module_id.hpp"
#include "registry_json.hpp"
#include "wire/bulk_json.hpp"
#include "wire/device_json.hpp"
#include "wire/error_table.hpp"
#include "wire/query_json.hpp"

namespace restante {

namespace service {

model::DeviceId parse_device_id(const std::string& device_id) {
    auto id = model::DeviceId::parse(device_id);
    if (!id) throw std::invalid_argument(id.error().message);
    return *id;
}

}  // namespace service

namespace {

using service::parse_device_id;

constexpr std::string_view api_version = "api-version=2021-04-12";

std::string device_path(const std::string& device_id) {
    return fmt::format("/devices/{}?{}", percent_encode(parse_device_id(device_id).value()),
                       api_version);
}

std::string module_path(const std::string& device_id, const std::string& module_id) {
    const auto module = model::ModuleId::parse(module_id);
    if (!module) throw std::invalid_argument(module.error().message);
    return fmt::format("/devices/{}/modules/{}?{}",
                       percent_encode(parse_device_id(device_id).value()),
                       percent_encode(module->value()), api_version);
}

/// What the twelve ways to write an identity have in common.
AuthenticationMechanism by_keys(const std::string& primary, const std::string& secondary) {
    return {.type = "sas", .symmetric_key = {primary, secondary}, .x509_thumbprint = {}};
}
AuthenticationMechanism by_thumbprints(const std::string& primary, const std::string& secondary) {
    return {.type = "selfSigned", .symmetric_key = {}, .x509_thumbprint = {primary, secondary}};
}
AuthenticationMechanism by_authority() {
    return {.type = "certificateAuthority", .symmetric_key = {}, .x509_thumbprint = {}};
}

struct Condition {
    bool update = false;
    std::string etag;  ///< empty: any
};

void add_if_match(http::Request& request, const std::string& etag) {
    request.headers.add("If-Match", fmt::format("\"{}\"", etag.empty() ? "*" : etag));
}

http::Request put(std::string target, std::string_view body, const Condition& condition) {
    http::Request request{
        .method = "PUT", .target = std::move(target), .headers = {}, .body = to_bytes(body)};
    if (condition.update) add_if_match(request, condition.etag);
    return request;
}

model::DeviceDefinition definition_of(const Device& device) {
    if (device.status != "enabled" && device.status != "disabled") {
        throw std::invalid_argument("status must be enabled or disabled");
    }
    if (device.parent_scopes.size() > 1) {
        throw std::invalid_argument("parent_scopes has at most one entry");
    }
    model::DeviceDefinition definition{.id = parse_device_id(device.device_id)};
    if (device.status == "disabled") definition.status = model::DeviceStatus::disabled;
    if (!device.status_reason.empty()) definition.status_reason = device.status_reason;
    definition.authentication = service::to_model(device.authentication);
    definition.iot_edge = device.capabilities.iot_edge;
    if (!device.device_scope.empty()) definition.device_scope = device.device_scope;
    if (!device.parent_scopes.empty()) definition.parent_scope = device.parent_scopes[0];
    return definition;
}

http::Request put(const Device& device, const Condition& condition) {
    return put(device_path(device.device_id), wire::to_json(definition_of(device)), condition);
}

http::Request put(const Module& module, const Condition& condition) {
    return put(module_path(module.device_id, module.module_id), service::module_body(module),
               condition);
}

Device identity(const std::string& device_id, AuthenticationMechanism authentication,
                const std::string& status, bool iot_edge, const std::string& status_reason,
                const std::string& device_scope, const std::vector<std::string>& parent_scopes) {
    Device device;
    device.device_id = device_id;
    device.status = status;
    device.status_reason = status_reason;
    device.authentication = std::move(authentication);
    device.capabilities.iot_edge = iot_edge;
    device.device_scope = device_scope;
    device.parent_scopes = parent_scopes;
    return device;
}

Module identity(const std::string& device_id, const std::string& module_id,
                const std::string& managed_by, AuthenticationMechanism authentication) {
    Module module;
    module.device_id = device_id;
    module.module_id = module_id;
    module.managed_by = managed_by;
    module.authentication = std::move(authentication);
    return module;
}

http::Request get(std::string target) {
    return {.method = "GET", .target = std::move(target), .headers = {}, .body = {}};
}

wire::HubError error_of(const http::Response& response) {
    return wire::http_error(static_cast<unsigned>(response.status),
                            response.headers.find(wire::http_error_header).value_or(""),
                            as_text(response.body));
}

std::string continuation_of(const http::Response& response) {
    return std::string(response.headers.find(wire::continuation_header).value_or(""));
}

}  // namespace

http::Response IoTHubRegistryManager::Impl::exchange(http::Request request) {
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    return service::call(*account, std::move(request));
}

http::Response IoTHubRegistryManager::Impl::request(http::Request request) {
    auto response = exchange(std::move(request));
    if (response.status < 200 || response.status >= 300) service::throw_error(error_of(response));
    return response;
}

// -- devices -------------------------------------------------------------------------------------

Device IoTHubRegistryManager::create_device_with_sas(
    const std::string& device_id, const std::string& primary_key, const std::string& secondary_key,
    const std::string& status, bool iot_edge, const std::string& status_reason,
    const std::string& device_scope, const std::vector<std::string>& parent_scopes) {
    const Device device = identity(device_id, by_keys(primary_key, secondary_key), status, iot_edge,
                                   status_reason, device_scope, parent_scopes);
    return service::device_from_json(as_text(impl_->request(put(device, {})).body));
}

Device IoTHubRegistryManager::update_device_with_sas(
    const std::string& device_id, const std::string& etag, const std::string& primary_key,
    const std::string& secondary_key, const std::string& status, bool iot_edge,
    const std::string& status_reason, const std::string& device_scope,
    const std::vector<std::string>& parent_scopes) {
    const Device device = identity(device_id, by_keys(primary_key, secondary_key), status, iot_edge,
                                   status_reason, device_scope, parent_scopes);
    return service::device_from_json(
        as_text(impl_->request(put(device, {.update = true, .etag = etag})).body));
}

Device IoTHubRegistryManager::create_device_with_x509(
    const std::string& device_id, const std::string& primary_thumbprint,
    const std::string& secondary_thumbprint, const std::string& status, bool iot_edge,
    const std::string& status_reason, const std::string& device_scope,
    const std::vector<std::string>& parent_scopes) {
    const Device device =
        identity(device_id, by_thumbprints(primary_thumbprint, secondary_thumbprint), status,
                 iot_edge, status_reason, device_scope, parent_scopes);
    return service::device_from_json(as_text(impl_->request(put(device, {})).body));
}

Device IoTHubRegistryManager::update_device_with_x509(
    const std::string& device_id, const std::string& etag, const std::string& primary_thumbprint,
    const std::string& secondary_thumbprint, const std::string& status, bool iot_edge,
    const std::string& status_reason, const std::string& device_scope,
    const std::vector<std::string>& parent_scopes) {
    const Device device =
        identity(device_id, by_thumbprints(primary_thumbprint, secondary_thumbprint), status,
                 iot_edge, status_reason, device_scope, parent_scopes);
    return service::device_from_json(
        as_text(impl_->request(put(device, {.update = true, .etag = etag})).body));
}

Device IoTHubRegistryManager::create_device_with_certificate_authority(
    const std::string& device_id, const std::string& status, bool iot_edge,
    const std::string& status_reason, const std::string& device_scope,
    const std::vector<std::string>& parent_scopes) {
    const Device device = identity(device_id, by_authority(), status, iot_edge, status_reason,
                                   device_scope, parent_scopes);
    return service::device_from_json(as_text(impl_->request(put(device, {})).body));
}

Device IoTHubRegistryManager::update_device_with_certificate_authority(
    const std::string& device_id, const std::string& etag, const std::string& status, bool iot_edge,
    const std::string& status_reason, const std::string& device_scope,
    const std::vector<std::string>& parent_scopes) {
    const Device device = identity(device_id, by_authority(), status, iot_edge, status_reason,
                                   device_scope, parent_scopes);
    return service::device_from_json(
        as_text(impl_->request(put(device, {.update = true, .etag = etag})).body));
}

Device IoTHubRegistryManager::get_device(const std::string& device_id) {
    return service::device_from_json(as_text(impl_->request(get(device_path(device_id))).body));
}

void IoTHubRegistryManager::delete_device(const std::string& device_id, const std::string& etag) {
    http::Request request{.method = "DELETE", .target = device_path(device_id)};
    add_if_match(request, etag);
    impl_->request(std::move(request));
}

std::vector<Device> IoTHubRegistryManager::get_devices(std::size_t max_number_of_devices) {
    const auto response =
        impl_->request(get(fmt::format("/devices?top={}&{}", max_number_of_devices, api_version)));
    return service::devices_from_json(as_text(response.body));
}

DevicePage IoTHubRegistryManager::get_devices_page(const std::string& continuation_token) {
    auto request = get(fmt::format("/devices?{}", api_version));
    if (!continuation_token.empty()) {
        request.headers.add(std::string(wire::continuation_header), continuation_token);
    }
    const auto response = impl_->request(std::move(request));
    return {.devices = service::devices_from_json(as_text(response.body)),
            .continuation_token = continuation_of(response)};
}

PurgeMessageQueueResult IoTHubRegistryManager::purge_c2d_message_queue(
    const std::string& device_id) {
    http::Request request{
        .method = "DELETE",
        .target = fmt::format("/devices/{}/commands?{}",
                              percent_encode(parse_device_id(device_id).value()), api_version)};
    return service::purge_result_from_json(as_text(impl_->request(std::move(request)).body));
}

// -- modules -------------------------------------------------------------------------------------

Module IoTHubRegistryManager::create_module_with_sas(const std::string& device_id,
                                                     const std::string& module_id,
                                                     const std::string& managed_by,
                                                     const std::string& primary_key,
                                                     const std::string& secondary_key) {
    const Module module =
        identity(device_id, module_id, managed_by, by_keys(primary_key, secondary_key));
    return service::module_from_json(as_text(impl_->request(put(module, {})).body));
}

Module IoTHubRegistryManager::update_module_with_sas(
    const std::string& device_id, const std::string& module_id, const std::string& managed_by,
    const std::string& etag, const std::string& primary_key, const std::string& secondary_key) {
    const Module module =
        identity(device_id, module_id, managed_by, by_keys(primary_key, secondary_key));
    return service::module_from_json(
        as_text(impl_->request(put(module, {.update = true, .etag = etag})).body));
}

Module IoTHubRegistryManager::create_module_with_x509(const std::string& device_id,
                                                      const std::string& module_id,
                                                      const std::string& managed_by,
                                                      const std::string& primary_thumbprint,
                                                      const std::string& secondary_thumbprint) {
    const Module module = identity(device_id, module_id, managed_by,
                                   by_thumbprints(primary_thumbprint, secondary_thumbprint));
    return service::module_from_json(as_text(impl_->request(put(module, {})).body));
}

Module IoTHubRegistryManager::update_module_with_x509(const std::string& device_id,
                                                      const std::string& module_id,
                                                      const std::string& managed_by,
                                                      const std::string& etag,
                                                      const std::string& primary_thumbprint,
                                                      const std::string& secondary_thumbprint) {
    const Module module = identity(device_id, module_id, managed_by,
                                   by_thumbprints(primary_thumbprint, secondary_thumbprint));
    return service::module_from_json(
        as_text(impl_->request(put(module, {.update = true, .etag = etag})).body));
}

Module IoTHubRegistryManager::create_module_with_certificate_authority(
    const std::string& device_id, const std::string& module_id, const std::string& managed_by) {
    const Module module = identity(device_id, module_id, managed_by, by_authority());
    return service::module_from_json(as_text(impl_->request(put(module, {})).body));
}

Module IoTHubRegistryManager::update_module_with_certificate_authority(
    const std::string& device_id, const std::string& module_id, const std::string& managed_by,
    const std::string& etag) {
    const Module module = identity(device_id, module_id, managed_by, by_authority());
    return service::module_from_json(
        as_text(impl_->request(put(module, {.update = true, .etag = etag})).body));
}

Module IoTHubRegistryManager::get_module(const std::string& device_id,
                                         const std::string& module_id) {
    return service::module_from_json(
        as_text(impl_->request(get(module_path(device_id, module_id))).body));
}

std::vector<Module> IoTHubRegistryManager::get_modules(const std::string& device_id) {
    const auto response = impl_->request(
        get(fmt::format("/devices/{}/modules?{}",
                        percent_encode(parse_device_id(device_id).value()), api_version)));
    return service::modules_from_json(as_text(response.body));
}

void IoTHubRegistryManager::delete_module(const std::string& device_id,
                                          const std::string& module_id, const std::string& etag) {
    http::Request request{.method = "DELETE", .target = module_path(device_id, module_id)};
    add_if_match(request, etag);
    impl_->request(std::move(request));
}

// -- many ----------------------------------------------------------------------------------------

BulkRegistryOperationResult IoTHubRegistryManager::bulk_create_or_update_devices(
    const std::vector<ExportImportDevice>& devices) {
    std::string body;
    for (const auto& device : devices) body += (body.empty() ? "[" : ",") + device.serialize();
    const auto response = impl_->exchange({.method = "POST",
                                           .target = fmt::format("/devices?{}", api_version),
                                           .headers = {},
                                           .body = to_bytes((body.empty() ? "[" : body) + "]")});
    if (response.status != 200 && response.status != 400) {
        service::throw_error(error_of(response));
    }
    // 400 is also what a request that is none gets, in the shape of every error.
    const auto failures = wire::bulk_result_from_json(as_text(response.body));
    if (!failures) {
        service::throw_error(response.status == 400 ? error_of(response) : failures.error());
    }
    BulkRegistryOperationResult result;
    result.is_successful = failures->empty();
    for (const auto& failure : *failures) {
        result.errors.push_back(
            {.device_id = failure.device_id,
             .module_id = failure.module_id,
             .error_code = std::string(wire::error_row(failure.error.code).name),
             .error_status = failure.error.message});
    }
    return result;
}

QueryResult IoTHubRegistryManager::query_iot_hub(const QuerySpecification& query_specification,
                                                 const std::string& continuation_token,
                                                 std::size_t max_item_count) {
    http::Request request{.method = "POST",
                          .target = fmt::format("/devices/query?{}", api_version),
                          .headers = {},
                          .body = to_bytes(wire::query_to_json(query_specification.query))};
    if (!continuation_token.empty()) {
        request.headers.add(std::string(wire::continuation_header), continuation_token);
    }
    if (max_item_count > 0) {
        request.headers.add(std::string(wire::max_item_count_header),
                            fmt::to_string(max_item_count));
    }
    const auto response = impl_->request(std::move(request));
    return {.type = std::string(response.headers.find(wire::item_type_header).value_or("")),
            .items = service::rows_from_json(as_text(response.body)),
            .continuation_token = continuation_of(response)};
}

ServiceStatistics IoTHubRegistryManager::get_service_statistics() {
    const auto response = impl_->request(get(fmt::format("/statistics/service?{}", api_version)));
    return service::service_statistics_from_json(as_text(response.body));
}

RegistryStatistics IoTHubRegistryManager::get_device_registry_statistics() {
    const auto response = impl_->request(get(fmt::format("/statistics/devices?{}", api_version)));
    return service::registry_statistics_from_json(as_text(response.body));
}

}  // namespace restante
