// Sends messages to the hub one after the other, with properties and without.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./send_message

#include <cstdlib>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);
    client.connect();

    for (int i = 1; i <= 5; ++i) {
        restante::Message message;
        message.data = R"({"wind": )" + std::to_string(10 * i) + "}";
        message.message_id = "wind-" + std::to_string(i);
        message.correlation_id = "gale-warning";
        message.content_type = "application/json";
        message.content_encoding = "utf-8";
        message.custom_properties.set("storm", i > 3 ? "yes" : "no");
        client.send_message(message);
        std::cout << "sent message #" << i << std::endl;
    }
    client.send_message("text alone is a message too");
    std::cout << "sent text alone" << std::endl;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
