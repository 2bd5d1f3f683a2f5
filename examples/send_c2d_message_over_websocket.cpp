// Sends one message to a device through a WebSocket on the port of HTTPS.
//
//     IOTHUB_CONNECTION_STRING="HostName=..." ./send_c2d_message_over_websocket [DEVICE [TEXT]]

#include <cstdlib>
#include <iostream>

#include "restante/service/iothub_registry_manager.hpp"

int main(int argc, char** argv) try {
    const char* text = std::getenv("IOTHUB_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_CONNECTION_STRING");
    const restante::ServiceOptions over_websocket{.transport_type =
                                                      restante::TransportType::AmqpOverWebsocket};
    auto manager = restante::IoTHubRegistryManager::from_connection_string(text, over_websocket);

    restante::MessageProperties properties;
    properties.set("messageId", "message1");
    properties.set("prop1", "test property-2");
    properties.set("testProperty", "Test message");
    const std::string device_id = argc > 1 ? argv[1] : "Device-1";
    const std::string message = argc > 2 ? argv[2] : R"({"c2d test message"})";
    manager.send_c2d_message(device_id, message, properties);
    std::cout << "sent to " << device_id << ": " << message << std::endl;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
