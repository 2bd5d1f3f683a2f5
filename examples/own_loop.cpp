// Receives messages in a loop of the program's own, beside what else it waits for: here Enter,
// which ends it. No handler runs on another thread.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./own_loop

#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

using restante::IoTHubDeviceClient;

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    auto client = IoTHubDeviceClient::create_from_connection_string(text, {.own_loop = true});

    client.on_message_received([](const restante::Message& message) {
        std::cout << "received " << message.data << std::endl;
    });

    std::cout << "Press Enter to quit" << std::endl;
    pollfd waiting[] = {{client.descriptor(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (poll(waiting, 2, -1) > 0 && waiting[1].revents == 0) client.run_once();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
