// Manages devices and modules: creates, changes, counts, asks and removes.
//
//     IOTHUB_CONNECTION_STRING="HostName=..." ./manage_identities

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "restante/service/iothub_registry_manager.hpp"

namespace {

using restante::IoTHubRegistryManager;

void one_device(IoTHubRegistryManager& manager) {
    const auto made = manager.create_device_with_sas("machine-1", "", "", "enabled");
    std::cout << "created " << made.device_id << ", keys made by the hub: "
              << (made.authentication.symmetric_key.primary_key.empty() ? "no" : "yes") << '\n';

    const auto& key = made.authentication.symmetric_key;
    const auto changed =
        manager.update_device_with_sas("machine-1", made.etag, key.primary_key, key.secondary_key,
                                       "disabled", false, "under repair");
    std::cout << changed.status << ": " << changed.status_reason << '\n';
    try {
        manager.delete_device("machine-1", made.etag);  // a tag from before the change
    } catch (const restante::IoTHubError& error) {
        std::cout << "refused: " << error.name() << '\n';
    }

    const auto module = manager.create_module_with_sas("machine-1", "camera", "", "", "");
    manager.update_module_with_certificate_authority("machine-1", "camera", "us", module.etag);
    for (const auto& each : manager.get_modules("machine-1")) {
        std::cout << "module " << each.module_id << ", managed by " << each.managed_by << ", "
                  << each.authentication.type << '\n';
    }
    manager.delete_module("machine-1", "camera");
}

void certificates(IoTHubRegistryManager& manager) {
    const std::string first(40, 'A');
    const std::string second(64, 'b');
    const auto own = manager.create_device_with_x509("machine-2", first, "", "enabled");
    const auto both =
        manager.update_device_with_x509("machine-2", own.etag, first, second, "enabled");
    std::cout << both.authentication.type << ' '
              << both.authentication.x509_thumbprint.secondary_thumbprint.size() << " digits\n";
    const auto gateway =
        manager.create_device_with_certificate_authority("gateway", "enabled", true);
    manager.update_device_with_certificate_authority("gateway", "", "enabled", true, "moved",
                                                     gateway.device_scope);
    std::cout << "gateway has " << manager.get_modules("gateway").size() << " modules\n";
}

void many(IoTHubRegistryManager& manager) {
    std::vector<restante::ExportImportDevice> devices(3);
    for (std::size_t i = 0; i < devices.size(); ++i) devices[i].id = "machine-" + std::to_string(i);
    const auto result = manager.bulk_create_or_update_devices(devices);
    std::cout << (result.is_successful ? "all" : "not all") << " created\n";
    for (const auto& error : result.errors) {
        std::cout << error.device_id << ": " << error.error_code << '\n';
    }

    const auto counts = manager.get_device_registry_statistics();
    std::cout << counts.total_device_count << " devices, " << counts.disabled_device_count
              << " disabled, " << manager.get_service_statistics().connected_device_count
              << " connected\n";

    const restante::QuerySpecification query{
        "SELECT deviceId, status FROM devices WHERE STARTSWITH(deviceId, 'machine')"};
    std::string place;
    do {
        const auto page = manager.query_iot_hub(query, place, 2);
        place = page.continuation_token;
        for (const auto& row : page.items) std::cout << page.type << ' ' << row << '\n';
    } while (!place.empty());
}

}  // namespace

int main() {
    const char* connection_string = std::getenv("IOTHUB_CONNECTION_STRING");
    if (connection_string == nullptr) {
        std::cerr << "Set IOTHUB_CONNECTION_STRING to the hub's connection string: "
                     "`restante connection-string` prints it.\n";
        return 1;
    }
    try {
        auto manager = IoTHubRegistryManager::from_connection_string(connection_string);
        one_device(manager);
        certificates(manager);
        many(manager);
        for (const auto& device : manager.get_devices()) manager.delete_device(device.device_id);
    } catch (const std::exception& error) {
        std::cerr << "manage_identities: " << error.what() << '\n';
        return 1;
    }
}
