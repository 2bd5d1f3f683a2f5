#include "restante/device/iothub_device_client.hpp"

#include <memory>
#include <utility>

#include "client_impl.hpp"

namespace restante {

using device::ClientImpl;
using device::Configuration;
using device::Identity;
using device::Kind;

IoTHubDeviceClient IoTHubDeviceClient::create_from_connection_string(
    const std::string& connection_string, const ClientOptions& options) {
    return IoTHubDeviceClient(std::make_unique<ClientImpl>(
        Configuration::from_connection_string(Kind::device, connection_string, options)));
}

IoTHubDeviceClient IoTHubDeviceClient::create_from_symmetric_key(const std::string& symmetric_key,
                                                                 const std::string& hostname,
                                                                 const std::string& device_id,
                                                                 const ClientOptions& options) {
    return IoTHubDeviceClient(std::make_unique<ClientImpl>(Configuration::from_symmetric_key(
        symmetric_key, hostname, Identity::parse(device_id), options)));
}

IoTHubDeviceClient IoTHubDeviceClient::create_from_sastoken(const std::string& sastoken,
                                                            const ClientOptions& options) {
    return IoTHubDeviceClient(std::make_unique<ClientImpl>(
        Configuration::from_sastoken(Kind::device, sastoken, SystemClock().now().wall, options)));
}

IoTHubDeviceClient IoTHubDeviceClient::create_from_x509_certificate(const X509& x509,
                                                                    const std::string& hostname,
                                                                    const std::string& device_id,
                                                                    const ClientOptions& options) {
    return IoTHubDeviceClient(std::make_unique<ClientImpl>(
        Configuration::from_x509_certificate(x509, hostname, Identity::parse(device_id), options)));
}

std::optional<Message> IoTHubDeviceClient::receive_message(std::chrono::milliseconds timeout) {
    return impl().receive_message(timeout);
}

void IoTHubDeviceClient::on_message_received(std::function<void(const Message&)> handler) {
    if (!handler) return impl().on_message_received(nullptr);
    impl().on_message_received([handler = std::move(handler)](const Message& message) {
        handler(message);
        return Settlement::complete;
    });
}

void IoTHubDeviceClient::on_message_to_settle(std::function<Settlement(const Message&)> handler) {
    impl().check_settles();
    impl().on_message_received(std::move(handler));
}

}  // namespace restante
