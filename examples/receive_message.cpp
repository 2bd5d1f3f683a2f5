// Receives messages from the hub until Enter is pressed.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./receive_message

#include <cstdlib>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);

    client.on_message_received([](const restante::Message& message) {
        std::cout << "received " << message.data << std::endl;
        for (const auto& [name, value] : message.custom_properties) {
            std::cout << "    " << name << ": " << value << std::endl;
        }
    });

    std::cout << "Press Enter to quit" << std::endl;
    std::cin.get();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
