#pragma once
// /devices/{id}/modules: the modules of a device. Each function is the handler of one route.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// GET /devices/{id}/modules
void list_modules(HttpExchange& exchange);
/// GET /devices/{id}/modules/{mid}
void find_module(HttpExchange& exchange);
/// PUT /devices/{id}/modules/{mid}: as for devices.
void put_module(HttpExchange& exchange);
/// DELETE /devices/{id}/modules/{mid}, with If-Match.
void delete_module(HttpExchange& exchange);

}  // namespace restante::gateway
