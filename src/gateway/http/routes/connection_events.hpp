#pragma once
// What happened lately to the connections of devices: no part of the service's API.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// GET /restante/connectionEvents[?deviceId=ID]
void list_connection_events(HttpExchange& exchange);

}  // namespace restante::gateway
