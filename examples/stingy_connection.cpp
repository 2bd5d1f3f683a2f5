// Gathers readings without a connection, and connects only to send what has gathered: for lines
// that are paid by the minute. Ctrl-C sends the rest and ends.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./stingy_connection

#include <signal.h>

#include <cstdlib>
#include <deque>
#include <iostream>
#include <string>

#include "restante/device/iothub_device_client.hpp"

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");

    sigset_t stop;  // blocked before the client starts threads: only sigtimedwait takes it
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    const timespec pause{0, 500'000'000};

    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);
    std::deque<std::string> gathered;
    bool stopped = false;
    for (int i = 1; !stopped; ++i) {
        gathered.push_back("reading " + std::to_string(i));
        if (gathered.size() > 1000) gathered.pop_front();
        stopped = sigtimedwait(&stop, nullptr, &pause) > 0;
        if (i % 5 != 0 && !stopped) continue;
        try {
            for (; !gathered.empty(); gathered.pop_front()) client.send_message(gathered.front());
            std::cout << "sent up to #" << i << std::endl;
        } catch (const restante::ConnectionFailedError& problem) {
            std::cout << "next time: " << problem.what() << std::endl;
        }
        client.disconnect();
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
