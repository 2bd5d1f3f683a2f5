#pragma once
// The bounds of HTTP, in one place. What an engine's owner may choose stands in its Options.

#include <cstddef>

#include "base/clock.hpp"

namespace restante::http {

/// Start line and header fields together; what the real service's front end (http.sys) takes.
inline constexpr std::size_t head_bytes_max = 16 * 1024;
/// Fields in one header section. A device message may carry its properties as one field each.
inline constexpr std::size_t header_count_max = 100;
/// The longest method anyone has registered has 16 letters.
inline constexpr std::size_t method_bytes_max = 32;
/// A chunk's size line, extensions included; we know no extension and ignore all.
inline constexpr std::size_t chunk_line_bytes_max = 256;
/// The trailer fields after a chunked body, which are checked and dropped.
inline constexpr std::size_t trailer_bytes_max = 4 * 1024;
/// One body, unless the owner chooses otherwise. The largest legitimate one is a bulk registry
/// request of 100 devices; messages stop at 256 KiB.
inline constexpr std::size_t body_bytes_max_default = 1024 * 1024;
/// Interim answers (1xx) a client reads past before the real one.
inline constexpr std::size_t interim_responses_max = 8;
/// Requests a client engine holds, the outstanding one included.
inline constexpr std::size_t queued_requests_max = 16;

/// From the first byte of a request (or the connection's start) to the end of its headers.
inline constexpr Milliseconds head_timeout_default = std::chrono::seconds{30};
/// From the end of the headers to the end of the body.
inline constexpr Milliseconds body_timeout_default = std::chrono::seconds{120};
/// How long a kept connection may stay silent between requests.
inline constexpr Milliseconds idle_timeout_default = std::chrono::seconds{120};
/// How long a refused body is read and dropped, so that its sender gets to see the refusal: a
/// connection closed on unread bytes is reset, and the reset overtakes the answer.
inline constexpr Milliseconds linger_timeout = std::chrono::seconds{2};
/// From sending a request to the end of its answer.
inline constexpr Milliseconds response_timeout_default = std::chrono::seconds{60};

}  // namespace restante::http
