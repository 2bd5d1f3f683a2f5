// Sends telemetry for good: waits for a hub that is not there yet, and goes on when the connection
// has broken, which the client mends by itself. Ctrl-C ends it.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./connect_retry_with_telemetry

#include <signal.h>

#include <cstdlib>
#include <iostream>

#include "restante/device/iothub_device_client.hpp"

namespace {

const timespec pause_between{2, 0};

/// Until it has succeeded, or until one of `stop` came. What no waiting mends is thrown on.
bool connect(restante::IoTHubDeviceClient& client, const sigset_t& stop) {
    do {
        try {
            client.connect();
            return true;
        } catch (const restante::ConnectionFailedError& problem) {
            std::cout << "not yet: " << problem.what() << std::endl;
        }
    } while (sigtimedwait(&stop, nullptr, &pause_between) < 0);
    return false;
}

}  // namespace

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");

    sigset_t stop;  // blocked before the client starts threads: only sigtimedwait takes it
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);

    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);
    client.on_connection_state_change(
        [&] { std::cout << (client.connected() ? "connected" : "disconnected") << std::endl; });
    client.on_background_exception(
        [](const std::exception& problem) { std::cout << problem.what() << std::endl; });

    std::cout << "Press Ctrl-C to exit" << std::endl;
    if (!connect(client, stop)) return 0;
    for (int i = 1;; ++i) {
        client.send_message("reading " + std::to_string(i));  // waits while there is no connection
        std::cout << "sent message #" << i << std::endl;
        if (sigtimedwait(&stop, nullptr, &pause_between) >= 0) return 0;
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
