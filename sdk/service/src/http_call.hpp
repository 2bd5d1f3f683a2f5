#pragma once
// One HTTPS request to the hub and its response, on a connection of its own.

#include <functional>

#include "protocol/http/client_engine.hpp"
#include "service_account.hpp"

namespace restante::service {

/// Sends the request with a fresh token and waits for the response, at most the account's time-out.
/// Throws IoTHubError when none came.
http::Response call(ServiceAccount& account, http::Request request);

}  // namespace restante::service
