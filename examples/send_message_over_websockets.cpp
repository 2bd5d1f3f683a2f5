// Sends one message through a WebSocket on the port of HTTPS, which most firewalls leave open.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./send_message_over_websockets

#include <cstdlib>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

using restante::IoTHubDeviceClient;

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    auto client = IoTHubDeviceClient::create_from_connection_string(text, {.websockets = true});

    client.send_message("21.5");  // connects; returns once the hub has it
    std::cout << "Message successfully sent!" << std::endl;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
