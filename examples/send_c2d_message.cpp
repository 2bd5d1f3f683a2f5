// Sends one message with properties from the hub's side to Device-1.
//
//     IOTHUB_CONNECTION_STRING="HostName=..." ./send_c2d_message

#include <cstdlib>
#include <iostream>

#include "restante/service/iothub_registry_manager.hpp"

int main() try {
    const char* text = std::getenv("IOTHUB_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_CONNECTION_STRING");
    auto manager = restante::IoTHubRegistryManager::from_connection_string(text);
    const restante::MessageProperties properties{
        {"messageId", "message1"}, {"prop1", "test property-2"}, {"testProperty", "Test message"}};
    manager.send_c2d_message("Device-1", R"({"c2d test message"})", properties);
    std::cout << "sent" << std::endl;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
