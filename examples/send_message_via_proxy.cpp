// Sends messages through an HTTP proxy, inside a WebSocket.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./send_message_via_proxy [ADDRESS PORT]

#include <cstdlib>
#include <iostream>
#include <string>

#include "restante/device/iothub_device_client.hpp"

using restante::IoTHubDeviceClient;

int main(int argc, char** argv) try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    restante::ProxyOptions proxy;
    proxy.proxy_address = argc > 2 ? argv[1] : "127.0.0.1";
    proxy.proxy_port =
        static_cast<std::uint16_t>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 8888);
    auto client = IoTHubDeviceClient::create_from_connection_string(
        text, {.websockets = true, .proxy_options = proxy});

    for (int i = 1; i <= 5; ++i) {
        restante::Message message;
        message.data = "test wind speed " + std::to_string(i);
        message.content_type = "application/json";
        message.custom_properties.set("storm", "yes");
        client.send_message(message);
        std::cout << "sent message #" << i << std::endl;
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
