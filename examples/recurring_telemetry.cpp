// Sends a message every two seconds until Ctrl-C.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./recurring_telemetry

#include <signal.h>

#include <cstdlib>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");

    sigset_t stop;  // blocked before the client starts threads: only sigtimedwait takes it
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    const timespec pause{2, 0};

    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);
    std::cout << "Press Ctrl-C to exit" << std::endl;
    for (int i = 1; i == 1 || sigtimedwait(&stop, nullptr, &pause) < 0; ++i) {
        restante::Message message;
        message.data = R"({"wind": )" + std::to_string(10 * i) + "}";
        message.content_type = "application/json";
        message.custom_properties.set("storm", i > 3 ? "yes" : "no");
        client.send_message(message);
        std::cout << "sent message #" << i << std::endl;
    }
    std::cout << "User initiated exit" << std::endl;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
