// Sends ten messages at once and waits for all of them: any thread may use the client.
//
//     IOTHUB_DEVICE_CONNECTION_STRING="HostName=..." ./send_messages_in_parallel

#include <cstdlib>
#include <future>
#include <iostream>
#include <vector>

#include "restante/device/iothub_device_client.hpp"

int main() try {
    const char* text = std::getenv("IOTHUB_DEVICE_CONNECTION_STRING");
    if (text == nullptr) throw std::invalid_argument("set IOTHUB_DEVICE_CONNECTION_STRING");
    auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);
    client.connect();

    std::vector<std::future<void>> sending;
    for (int i = 1; i <= 10; ++i) {
        sending.push_back(std::async(std::launch::async, [&client, i] {
            restante::Message message;
            message.data = R"({"wind": )" + std::to_string(10 * i) + "}";
            message.content_type = "application/json";
            message.custom_properties.set("storm", i > 3 ? "yes" : "no");
            client.send_message(message);
        }));
    }
    for (auto& each : sending) each.get();  // throws what send_message() threw
    std::cout << "sent " << sending.size() << " messages" << std::endl;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
