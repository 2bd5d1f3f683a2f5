#pragma once
// What an MQTT client with CleanSession=0 subscribed to. It outlives the connection and the hub's
// process: the Python SDK never subscribes again after a reconnect.

#include <cstdint>
#include <string>
#include <vector>

namespace restante::model {

struct MqttSubscription {
    std::string filter;
    std::uint8_t granted_qos = 0;

    bool operator==(const MqttSubscription&) const = default;
};

using MqttSubscriptions = std::vector<MqttSubscription>;

}  // namespace restante::model
