// Sends one message to the hub, as short as can be.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./simple_send_message

#include <cstdlib>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);

    std::cout << "Sending message..." << std::endl;
    client.send_message("21.5");  // connects; returns once the hub has it
    std::cout << "Message successfully sent!" << std::endl;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
