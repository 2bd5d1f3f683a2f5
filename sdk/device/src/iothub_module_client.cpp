#include "restante/device/iothub_module_client.hpp"

#include <memory>
#include <utility>

#include "client_impl.hpp"

namespace restante {

using device::ClientImpl;
using device::Configuration;
using device::Identity;
using device::Kind;

IoTHubModuleClient IoTHubModuleClient::create_from_connection_string(
    const std::string& connection_string, const ClientOptions& options) {
    return IoTHubModuleClient(std::make_unique<ClientImpl>(
        Configuration::from_connection_string(Kind::module, connection_string, options)));
}

IoTHubModuleClient IoTHubModuleClient::create_from_symmetric_key(const std::string& symmetric_key,
                                                                 const std::string& hostname,
                                                                 const std::string& device_id,
                                                                 const std::string& module_id,
                                                                 const ClientOptions& options) {
    return IoTHubModuleClient(std::make_unique<ClientImpl>(Configuration::from_symmetric_key(
        symmetric_key, hostname, Identity::parse(device_id, module_id), options)));
}

IoTHubModuleClient IoTHubModuleClient::create_from_sastoken(const std::string& sastoken,
                                                            const ClientOptions& options) {
    return IoTHubModuleClient(std::make_unique<ClientImpl>(
        Configuration::from_sastoken(Kind::module, sastoken, SystemClock().now().wall, options)));
}

IoTHubModuleClient IoTHubModuleClient::create_from_x509_certificate(const X509& x509,
                                                                    const std::string& hostname,
                                                                    const std::string& device_id,
                                                                    const std::string& module_id,
                                                                    const ClientOptions& options) {
    return IoTHubModuleClient(std::make_unique<ClientImpl>(Configuration::from_x509_certificate(
        x509, hostname, Identity::parse(device_id, module_id), options)));
}

}  // namespace restante
