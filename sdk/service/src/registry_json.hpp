#pragma once
// The JSON of the registry's operations, as the SDK's models have it. What a hub answers and is no
// such JSON throws IoTHubError "ProtocolError".

#include <string>
#include <string_view>
#include <vector>

#include "model/device_identity.hpp"
#include "restante/service/models.hpp"

namespace restante::service {

Device device_from_json(std::string_view body);
std::vector<Device> devices_from_json(std::string_view body);
Module module_from_json(std::string_view body);
std::vector<Module> modules_from_json(std::string_view body);
RegistryStatistics registry_statistics_from_json(std::string_view body);
ServiceStatistics service_statistics_from_json(std::string_view body);

PurgeMessageQueueResult purge_result_from_json(std::string_view body);

/// The objects of a JSON array, each as text.
std::vector<std::string> rows_from_json(std::string_view body);

/// The body of a PUT of a module: `identity` says which it is to be.
std::string module_body(const Module& identity);

/// Throws std::invalid_argument for a type that is none.
model::AuthenticationMechanism to_model(const AuthenticationMechanism& authentication);

}  // namespace restante::service
