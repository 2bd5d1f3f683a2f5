// A device and its back end in one program: both SDKs, linked side by side.
#include <restante/device/iothub_device_client.hpp>
#include <restante/service/iothub_registry_manager.hpp>

#include <future>
#include <iostream>

int main(int, char** argv) {
    auto manager = restante::IoTHubRegistryManager::from_connection_string(argv[1]);
    const auto device = manager.create_device_with_sas("both", "", "", "enabled");
    auto client = restante::IoTHubDeviceClient::create_from_symmetric_key(
        device.authentication.symmetric_key.primary_key, manager.hostname(), device.device_id);
    std::promise<restante::Message> received;
    client.on_message_received(
        [&](const restante::Message& message) { received.set_value(message); });
    manager.send_c2d_message("both", "to myself", {{"prop1", "one"}});
    const auto message = received.get_future().get();
    const auto* property = message.custom_properties.find("prop1");
    std::cout << "received " << message.data << ", prop1 "
              << (property != nullptr ? *property : "missing") << std::endl;
    client.shutdown();
    try {
        client.connect();
    } catch (const restante::ClientError& error) {
        std::cout << "closed: " << error.what() << std::endl;
    }
}
