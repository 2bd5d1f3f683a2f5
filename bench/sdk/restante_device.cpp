// A device on our SDK that receives COUNT messages and completes each, for sdk_speed.py.
//
//     IOTHUB_DEVICE_CONNECTION_STRING=... restante_device COUNT

#include <cstdlib>

#include "receiving.hpp"
#include "restante/device/iothub_device_client.hpp"

int main(int argc, char** argv) try {
    if (argc != 2) throw std::invalid_argument("COUNT is missing");
    restante::bench::Receiving receiving(argv[1]);
    auto client = restante::IoTHubDeviceClient::create_from_connection_string(
        std::getenv("IOTHUB_DEVICE_CONNECTION_STRING"));
    client.on_message_received([&](const restante::Message&) { receiving.received(); });
    std::cout << "subscribed" << std::endl;
    receiving.wait();
    client.shutdown();  // behind the last acknowledgement
    receiving.report();
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
