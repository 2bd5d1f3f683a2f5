#pragma once
// GET /$iothub/websocket and /$servicebus/websocket: MQTT and AMQP for whoever may only use 443.
// Devices and most services ask at the first, Microsoft's Python service SDK at the second; what
// is spoken depends on the subprotocol alone.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// Turns the connection into a WebSocket, or says why not. Asks nobody who it is: the protocol
/// inside does that.
void open_websocket(HttpExchange& exchange);

}  // namespace restante::gateway
