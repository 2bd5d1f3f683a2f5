#pragma once
// What clients of the service ask for and this hub does not have. Each function is the handler of
// several routes.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// POST /devices/{id}/files and below: as on a hub of the service without a storage account.
void refuse_file_upload(HttpExchange& exchange);

/// /devices/{id}/modules/{id}/...: a module's client hears that there are no modules, rather than
/// that its key were wrong.
void refuse_module(HttpExchange& exchange);

}  // namespace restante::gateway
