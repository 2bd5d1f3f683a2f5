#pragma once
// Who may use a route. An admission stands in front of a handler: it lets the request through, at
// once or when the hub has answered, or answers it with 401.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

using HttpHandler = void (*)(HttpExchange& exchange);
using HttpAdmission = void (*)(HttpExchange& exchange, HttpHandler handler);

/// The device or module whose path this is: /devices/{id}/... or /devices/{id}/modules/{id}/...
/// Errors: argument_invalid.
Result<Claim> claim_of(const HttpExchange& exchange);

/// Whether the request's token is one of a policy with these rights, for the whole hub or for a
/// resource that the request's path lies in. If not, it is answered: 401, and a line in the log
/// that says why and, where that is the cause, which right is missing.
bool admit_policy(HttpExchange& exchange, auth::Rights rights);

/// The admission of service clients: holders of a policy with this right.
template <auth::Rights right>
void policy_with(HttpExchange& exchange, HttpHandler handler) {
    if (admit_policy(exchange, right)) handler(exchange);
}

/// Lets the request through if the hub's tier still allows one of these, and answers it with 429 if
/// not.
void within_limits(HttpExchange& exchange, core::Operation operation, HttpHandler handler);

/// The admission of service clients to what a tier counts.
template <auth::Rights right, core::Operation operation>
void counted_policy_with(HttpExchange& exchange, HttpHandler handler) {
    if (admit_policy(exchange, right)) within_limits(exchange, operation, handler);
}

/// The admission of the device or module that the path names: by a token of its own, or of a policy
/// that may connect devices, or without a token by its certificate. Whoever is turned away hears
/// 401, an unknown or disabled device included; the log says why.
void identity_itself(HttpExchange& exchange, HttpHandler handler);

/// The admission of everyone: to routes behind which another protocol asks who is there.
inline void anyone(HttpExchange& exchange, HttpHandler handler) {
    handler(exchange);
}

}  // namespace restante::gateway
