// Sends one message to a device: the C++ counterpart of "Build and send a message" in the page
// about cloud-to-device messages with the Python SDKs.
//
//     IOTHUB_CONNECTION_STRING="HostName=..." ./send_message [DEVICE [TEXT]]

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "restante/service/iothub_registry_manager.hpp"

int main(int argc, char** argv) {
    const char* connection_string = std::getenv("IOTHUB_CONNECTION_STRING");
    if (connection_string == nullptr) {
        std::cerr << "Set IOTHUB_CONNECTION_STRING to the hub's connection string: "
                     "`restante connection-string` prints it.\n";
        return 1;
    }
    try {
        auto registry_manager =
            restante::IoTHubRegistryManager::from_connection_string(connection_string);

        // define the device ID
        const std::string device_id = argc > 1 ? argv[1] : "Device-1";

        // define the message
        const std::string message = argc > 2 ? argv[2] : "{\"c2d test message\"}";

        // include optional properties
        restante::MessageProperties props;
        props.set("messageId", "message1");
        props.set("prop1", "test property-1");
        props.set("prop1", "test property-2");
        const std::string prop_text = "Test message";
        props.set("testProperty", prop_text);

        // send the message through the cloud (IoT Hub) to the device
        registry_manager.send_c2d_message(device_id, message, props);
        std::cout << "Sent to " << device_id << ": " << message << '\n';
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "The message was not sent: " << error.what() << '\n';
        return 1;
    }
}
