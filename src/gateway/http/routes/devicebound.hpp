#pragma once
// /devices/{id}/messages/devicebound and /devices/{id}/commands: the queue of a device, from both
// of its ends. Each function is the handler of one route.

#include <chrono>

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// What a receiver may ask a lock to last.
inline constexpr std::chrono::seconds http_lock_duration_min{1};
inline constexpr std::chrono::seconds http_lock_duration_max{300};

/// GET .../devicebound: one message, locked, or 204. `iothub-messagelocktimeout`, in the query or
/// as a header, says for how many seconds. The lock outlasts the connection.
void receive_message(HttpExchange& exchange);
/// DELETE .../devicebound/{lock token}: completes; with `reject` in the query, rejects.
void settle_message(HttpExchange& exchange);
/// POST .../devicebound/{lock token}/abandon
void abandon_message(HttpExchange& exchange);

/// POST .../devicebound: a service sends.
void send_message(HttpExchange& exchange);
/// DELETE .../commands: a service ends all that waits.
void purge_messages(HttpExchange& exchange);

}  // namespace restante::gateway
