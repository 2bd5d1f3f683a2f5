// Receives messages and shows all that came with each: until Ctrl-C, or until COUNT have come.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./receive_messages [COUNT]

#include <cstdlib>
#include <future>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

int main(int argc, char** argv) try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    const unsigned long wanted = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
    unsigned long received = 0;
    std::promise<void> enough;

    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);
    client.on_message_received([&](const restante::Message& message) {
        std::cout << "\nMessage received:\n    data: " << message.data << '\n';
        std::cout << "    message_id: " << message.message_id.value_or("none") << '\n';
        for (const auto& [name, value] : message.custom_properties) {
            std::cout << "    " << name << ": " << value << '\n';
        }
        std::cout << "Total calls received: " << ++received << std::endl;
        if (received == wanted) enough.set_value();
    });
    enough.get_future().wait();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
