// Waits for one message: a device in fifteen lines.
#include <restante/device/iothub_device_client.hpp>

#include <future>
#include <iostream>

int main(int, char** argv) {
    std::promise<std::string> received;
    auto client = restante::IoTHubDeviceClient::create_from_connection_string(argv[1]);
    client.on_message_received(
        [&](const restante::Message& message) { received.set_value(message.data); });
    std::cout << "subscribed" << std::endl;
    std::cout << "received " << received.get_future().get() << std::endl;
    client.shutdown();
}
