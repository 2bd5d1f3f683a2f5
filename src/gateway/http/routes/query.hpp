#pragma once
// POST /devices/query: the identities that satisfy a condition, page by page.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

void query_devices(HttpExchange& exchange);

}  // namespace restante::gateway
