// Leaves one message for a device: a back end in fifteen lines.
#include <restante/service/iothub_registry_manager.hpp>

#include <iostream>

int main(int, char** argv) {
    auto manager = restante::IoTHubRegistryManager::from_connection_string(argv[1]);
    try {
        manager.send_c2d_message(argv[2], argv[3], {{"prop1", "one"}});
        std::cout << "sent" << std::endl;
    } catch (const restante::IoTHubError& error) {
        std::cout << "refused: " << error.what() << std::endl;
    }
}
