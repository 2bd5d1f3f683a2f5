#pragma once
// /messages/servicebound/feedback: what became of messages. Each function is the handler of one
// route.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// GET: one batch of records, locked, or 204.
void receive_feedback(HttpExchange& exchange);
/// DELETE .../{lock token}
void complete_feedback(HttpExchange& exchange);
/// POST .../{lock token}/abandon
void abandon_feedback(HttpExchange& exchange);

}  // namespace restante::gateway
