#pragma once
// A module's line to its hub: the Python SDK's IoTHubModuleClient in C++, without an edge device.
// It sends telemetry under the module's own name and proof; what it has in common with a device's,
// see iothub_client.hpp. A hub delivers no cloud-to-device messages to modules, so there is nothing
// here to receive any. Modules speak MQTT and AMQP; Transport::https throws std::invalid_argument.

#include <string>

#include "restante/device/iothub_client.hpp"

namespace restante {

class IoTHubModuleClient : public IoTHubClient {
  public:
    /// "HostName=...;DeviceId=...;ModuleId=...;SharedAccessKey=...", or one of the other forms that
    /// IoTHubDeviceClient takes. No factory sends anything. Throws std::invalid_argument when an
    /// argument or option cannot be used, naming it.
    static IoTHubModuleClient create_from_connection_string(
        const std::string& connection_string, const ClientOptions& options = ClientOptions());

    static IoTHubModuleClient create_from_symmetric_key(
        const std::string& symmetric_key, const std::string& hostname, const std::string& device_id,
        const std::string& module_id, const ClientOptions& options = ClientOptions());

    /// Host, device and module come from the token, which is used until it expires or
    /// update_sastoken() brings another.
    static IoTHubModuleClient create_from_sastoken(const std::string& sastoken,
                                                   const ClientOptions& options = ClientOptions());

    /// The module proves itself by a certificate of its own. Throws std::invalid_argument also when
    /// the files cannot be read or do not belong together, naming them.
    static IoTHubModuleClient create_from_x509_certificate(
        const X509& x509, const std::string& hostname, const std::string& device_id,
        const std::string& module_id, const ClientOptions& options = ClientOptions());

  private:
    using IoTHubClient::IoTHubClient;
};

}  // namespace restante
