#pragma once
// When a message expires, as senders write it into a header field.
//
//     2026-11-23T14:05:06[.123][Z|+01:00]    ISO 8601
//     [Mon, ]23 Nov 2026 14:05:06 GMT        RFC 1123
//     1795442706                             seconds since 1970
//     1795442706123                          milliseconds since 1970: from twelve digits on

#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace restante::wire {

/// Errors: argument_invalid, quoting the text; invalid_message_expiry_time, beyond the year 9999.
Result<WallTime> parse_expiry(std::string_view text);

}  // namespace restante::wire
