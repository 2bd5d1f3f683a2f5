#pragma once
// What clients of the service ask for and this hub does not have. Each function is the handler of
// several routes.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// POST /devices/{id}/files and below, of a module too: as on a hub of the service without a
/// storage account.
void refuse_file_upload(HttpExchange& exchange);

/// GET /devices/{id}/modules/{id}/messages/devicebound: a queue that is always empty.
void receive_nothing(HttpExchange& exchange);
/// DELETE and POST below it, with a lock token that is none.
void refuse_settlement(HttpExchange& exchange);

/// A service that sends to a module, or ends what would wait for it.
void refuse_module_queue(HttpExchange& exchange);

}  // namespace restante::gateway
