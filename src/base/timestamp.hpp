#pragma once
// Moments and spans as text: ISO 8601, in the spellings the service and its clients use.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace restante {

/// "2026-11-23T14:05:06.1230000Z": seven fraction digits, the only form that all MQTT clients
/// accept for an expiry.
std::string to_iso8601(WallTime time);

/// "2026-11-23T14:05:06.1230000": as above without the zone, as the identity registry writes it.
std::string to_iso8601_without_zone(WallTime time);

/// Reads "YYYY-MM-DDThh:mm:ss[.fraction][Z|+hh:mm|-hh:mm]"; no zone means UTC. Digits beyond the
/// millisecond are dropped. Errors: argument_invalid, naming the text.
Result<WallTime> parse_iso8601(std::string_view text);

/// Reads an ISO 8601 duration of days, hours, minutes and seconds: "PT1H", "P2D", "PT0H1M0S".
/// Years, months and weeks have no fixed length here and are refused. Errors: argument_invalid.
Result<Milliseconds> parse_iso8601_duration(std::string_view text);

/// The shortest ISO 8601 form: "PT1H", "P1DT30M", "PT0S".
std::string to_iso8601_duration(Milliseconds duration);

inline std::int64_t unix_seconds(WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

inline std::int64_t unix_milliseconds(WallTime time) {
    return time.time_since_epoch().count();
}

inline WallTime from_unix_milliseconds(std::int64_t count) {
    return WallTime{Milliseconds{count}};
}

}  // namespace restante
