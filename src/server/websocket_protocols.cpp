#include "server/websocket_protocols.hpp"

#include "gateway/amqp/amqp_session.hpp"
#include "gateway/mqtt/mqtt_session.hpp"

namespace restante::server {

gateway::WebSocketProtocols websocket_protocols(const gateway::Access& access) {
    return {
        {"mqtt", [&access] { return std::make_unique<gateway::MqttSession>(access); }},
        {"AMQPWSB10", [&access] { return std::make_unique<gateway::AmqpSession>(access); }},
    };
}

}  // namespace restante::server
