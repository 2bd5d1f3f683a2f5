#pragma once
// /devices/{id}/messages/events: telemetry, which this hub does not keep.

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

/// A single message or a batch of them.
inline constexpr std::size_t telemetry_bytes_max = 256 * 1024;

/// POST /devices/{id}/messages/events: acknowledged and discarded, so that a device which also
/// measures goes on working. The log says so once a connection.
void discard_telemetry(HttpExchange& exchange);

}  // namespace restante::gateway
