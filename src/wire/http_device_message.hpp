#pragma once
// The device's side of messages on HTTP: what our device SDK writes with its telemetry, and reads
// with a message it receives. The hub's side is in http_message.hpp.

#include "base/result.hpp"
#include "protocol/http/message.hpp"
#include "wire/property_bag.hpp"

namespace restante::wire {

/// The fields beside the body of telemetry.
http::Headers telemetry_to_http(const DeviceProperties& properties);

/// Reads the fields beside the body of a message received. Times and words stay text; of fields
/// given twice the last counts; unknown fields mean nothing. Errors: argument_invalid (see
/// FieldReader::read).
Result<DeviceProperties> devicebound_from_http(const http::Headers& headers);

}  // namespace restante::wire
