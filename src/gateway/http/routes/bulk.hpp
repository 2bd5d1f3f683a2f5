#pragma once
// Many identities at once: POST /devices, and how many there are. Handlers of one route each.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// POST /devices: 200 when all entries were done, 400 with the same shape when some were not.
void write_devices(HttpExchange& exchange);

/// POST /devices/keys/regenerate: 200 when all keys were made anew, 207 when some, 400 when none.
void regenerate_keys(HttpExchange& exchange);

/// GET /statistics/devices
void device_statistics(HttpExchange& exchange);
/// GET /statistics/service
void service_statistics(HttpExchange& exchange);

}  // namespace restante::gateway
