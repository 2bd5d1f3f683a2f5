#pragma once
// /devices: the identity registry. Each function is the handler of one route.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// GET /devices?top=N; with x-ms-continuation the next of them.
void list_devices(HttpExchange& exchange);
/// GET /devices/{id}
void find_device(HttpExchange& exchange);
/// PUT /devices/{id}: without If-Match it creates, with If-Match it updates.
void put_device(HttpExchange& exchange);
/// DELETE /devices/{id}, with If-Match.
void delete_device(HttpExchange& exchange);

}  // namespace restante::gateway
