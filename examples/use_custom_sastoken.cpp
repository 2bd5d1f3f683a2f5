// Receives messages with tokens that somebody else makes, until Enter is pressed. SASTOKEN_FILE
// names the file that holds the newest; it is read again whenever the hub wants another.
//
//     SASTOKEN_FILE=... ./use_custom_sastoken

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "restante/device/iothub_device_client.hpp"

namespace {

std::string get_new_sastoken() {
    const char* name = std::getenv("SASTOKEN_FILE");
    if (name == nullptr) throw std::invalid_argument("set SASTOKEN_FILE");
    std::string sastoken;
    std::getline(std::ifstream(name), sastoken);
    return sastoken;
}

}  // namespace

int main() try {
    auto client = restante::IoTHubDeviceClient::create_from_sastoken(get_new_sastoken());
    client.on_new_sastoken_required([&] {
        client.update_sastoken(get_new_sastoken());
        std::cout << "SAS token updated" << std::endl;
    });
    client.on_background_exception(
        [](const std::exception& problem) { std::cerr << problem.what() << std::endl; });
    client.on_message_received([](const restante::Message& message) {
        std::cout << "received " << message.data << std::endl;
    });

    std::cout << "Press Enter to quit" << std::endl;
    std::cin.get();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
