#include "cli/device_client.hpp"

#include "wire/connection_string.hpp"

namespace restante::cli {

IoTHubDeviceClient make_client(const Login::Hub& hub, const std::string& hostname,
                               const Device& device) {
    // A port in it is that of HTTPS.
    const auto place = wire::split_host(hostname, 0);
    ClientOptions options;
    options.server_verification_cert = hub.options.ca;
    options.port = hub.mqtt_port;
    return IoTHubDeviceClient::create_from_symmetric_key(
        device.authentication.symmetric_key.primary_key, place ? place->host : hostname,
        device.device_id, options);
}

}  // namespace restante::cli
