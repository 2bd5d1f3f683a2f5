#pragma once
// A device's line to its hub: the Python SDK's IoTHubDeviceClient in C++. What it shares with a
// module's, connecting, sending and ending among it, is in iothub_client.hpp.
//
//     auto client = restante::IoTHubDeviceClient::create_from_connection_string(text);
//     client.on_message_received([](const restante::Message& message) { ... });
//     ...
//     client.shutdown();
//
// Messages go to a handler or to receive_message(), whichever is used first; the other then throws
// ClientError, as in Python.
//
// A message counts as received when its handler has returned: only then does the hub hear so. A
// handler that throws, or a connection that breaks meanwhile, makes the hub deliver the message
// again: at least once, never less.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "restante/device/iothub_client.hpp"

namespace restante {

class IoTHubDeviceClient : public IoTHubClient {
  public:
    /// "HostName=...;DeviceId=...;SharedAccessKey=...", also with SharedAccessKeyName for a hub's
    /// policy, SharedAccessSignature instead of the key, or GatewayHostName. No factory sends
    /// anything. Throws std::invalid_argument when an argument or option cannot be used, naming it.
    static IoTHubDeviceClient create_from_connection_string(
        const std::string& connection_string, const ClientOptions& options = ClientOptions());

    static IoTHubDeviceClient create_from_symmetric_key(
        const std::string& symmetric_key, const std::string& hostname, const std::string& device_id,
        const ClientOptions& options = ClientOptions());

    /// Host and device come from the token, which is used until it expires or update_sastoken()
    /// brings another.
    static IoTHubDeviceClient create_from_sastoken(const std::string& sastoken,
                                                   const ClientOptions& options = ClientOptions());

    /// The device proves itself by its own certificate. Throws std::invalid_argument also when the
    /// files cannot be read or do not belong together, naming them.
    static IoTHubDeviceClient create_from_x509_certificate(
        const X509& x509, const std::string& hostname, const std::string& device_id,
        const ClientOptions& options = ClientOptions());

    /// Waits for the next message, at most this long; nullopt when none came. The message then
    /// counts as received. The first call asks the hub for messages, and throws what
    /// on_message_received() throws. A shutdown() meanwhile ends the wait with nullopt.
    std::optional<Message> receive_message(std::chrono::milliseconds timeout);

    /// Sets what is called with each message, and asks the hub for messages: connects first when
    /// auto_connect is set, and returns when the subscription stands. Throws what connect()
    /// throws, ClientError when the hub refuses the subscription, and NoConnectionError; the
    /// handler before then remains. Messages that come while there is no handler wait for one.
    ///
    /// An empty handler ends the subscription.
    void on_message_received(std::function<void(const Message&)> handler);

    /// The same for a handler that says what becomes of its message, in place of any handler
    /// before. Throws ClientError by MQTT, which has no word for abandoning or rejecting.
    void on_message_to_settle(std::function<Settlement(const Message&)> handler);

  private:
    using IoTHubClient::IoTHubClient;
};

}  // namespace restante
