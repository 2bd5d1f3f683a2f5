#pragma once
// Every way in which a device client can speak with a hub.

#include <cstdint>

#include "restante/device/options.hpp"
#include "server/data_directory.hpp"

namespace restante::test {

struct Way {
    const char* name;
    Transport transport;
    bool websockets;

    /// Of the hub's ports, the one that it uses.
    std::uint16_t port(const server::Ports& ports) const {
        if (websockets || transport == Transport::https) return ports.https;
        return transport == Transport::mqtt ? ports.mqtt : ports.amqp;
    }
};

inline constexpr Way all_ways[] = {{"mqtt", Transport::mqtt, false},
                                   {"mqtt_ws", Transport::mqtt, true},
                                   {"amqp", Transport::amqp, false},
                                   {"amqp_ws", Transport::amqp, true},
                                   {"https", Transport::https, false}};

}  // namespace restante::test
