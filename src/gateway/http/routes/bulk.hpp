#pragma once
// Many identities at once: POST /devices, and how many there are. Handlers of one route each.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// POST /devices: 200 when all entries were done, 400 with the same shape when some were not.
void write_devices(HttpExchange& exchange);

/// GET /statistics/devices
void device_statistics(HttpExchange& exchange);
/// GET /statistics/service
void service_statistics(HttpExchange& exchange);

}  // namespace restante::gateway
