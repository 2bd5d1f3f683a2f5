#pragma once
// What the two kinds of messages that are received over HTTP share: the lock token in the path, and
// the answer to whoever used it.

#include <string_view>

#include "gateway/http/http_exchange.hpp"
#include "model/queued_message.hpp"

namespace restante::gateway {

/// Reads a segment of the path. An If-Match says the same again, each client in its own way, and is
/// not looked at. Errors: device_message_lock_lost: what is no token holds no lock, and that is the
/// answer clients act on.
Result<model::LockToken> read_lock_token(std::string_view segment);

/// 204, or the error.
hub::Answer<void> respond_settled(HttpExchange& exchange);

}  // namespace restante::gateway
