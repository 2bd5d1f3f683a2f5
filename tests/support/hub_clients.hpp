#pragma once
// What both SDKs' clients need to reach a RunningHub.

#include <cstdint>

#include "restante/device/options.hpp"
#include "restante/service/iothub_registry_manager.hpp"
#include "support/running_hub.hpp"

namespace restante::test {

/// A way in which a device client can speak with a hub.
struct Way {
    const char* name;
    Transport transport;
    bool websockets;

    /// Of the hub's ports, the one that it uses.
    std::uint16_t port(const RunningHub& hub) const {
        const auto& ports = hub.server.ports();
        if (websockets || transport == Transport::https) return ports.https;
        return transport == Transport::mqtt ? ports.mqtt : ports.amqp;
    }
    ClientOptions options(const RunningHub& hub) const {
        ClientOptions options;
        options.transport = transport;
        options.websockets = websockets;
        options.port = port(hub);
        options.server_verification_cert = hub.ca_pem();
        return options;
    }
};

inline constexpr Way all_ways[] = {{"mqtt", Transport::mqtt, false},
                                   {"mqtt_ws", Transport::mqtt, true},
                                   {"amqp", Transport::amqp, false},
                                   {"amqp_ws", Transport::amqp, true},
                                   {"https", Transport::https, false}};

/// With every right.
inline IoTHubRegistryManager manager_of(const RunningHub& hub) {
    ServiceOptions options;
    options.ca = hub.ca_pem();
    options.amqp_port = hub.server.ports().amqp;
    options.https_port = hub.server.ports().https;
    return IoTHubRegistryManager::from_connection_string(hub.server.connection_string(), options);
}

}  // namespace restante::test
