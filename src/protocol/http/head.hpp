#pragma once
// The head of a message: start line and header fields, read strictly.
//
// Our own parser rather than Boost.Beast's. The strictness is the point: two programs that read
// one byte stream differently are a request smuggling hole, and most of what must be refused (bare
// LF, folded lines, a second Content-Length, Content-Length beside Transfer-Encoding, a target with
// a host) a tolerant parser repairs before anyone sees it. What is left of the grammar of RFC 9112
// once all of that is refused is short.
//
// Nothing here keeps state or allocates more than the head itself, which is in memory already.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "protocol/http/message.hpp"

namespace restante::http {

/// Why a message is not read on: the status to answer with, and a fixed sentence that repeats
/// nothing of what the peer sent.
struct Refusal {
    int status;
    std::string_view reason;
};

template <class T>
using Parsed = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(int status, std::string_view reason) {
    return std::unexpected(Refusal{status, reason});
}

/// How the end of a body is known [RFC 9112 6.3].
struct Framing {
    enum class Kind : std::uint8_t { none, length, chunked, until_close };
    Kind kind = Kind::none;
    std::uint64_t length = 0;
};

struct RequestHead {
    Request request;  ///< without its body
    Framing framing;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expects_continue = false;
};

struct ResponseHead {
    Response response;  ///< without its body
    Framing framing;
    bool keep_alive = true;
};

/// The length of the head at the front of `text`, its final empty line included; 0 while it is
/// incomplete. Bytes before `checked` have been looked at by an earlier call.
///
/// Refuses as early as it can: control characters, CR and LF apart from each other, a head
/// longer than head_bytes_max.
Parsed<std::size_t> find_head_end(std::string_view text, std::size_t checked);

/// Both take exactly what find_head_end() measured.
Parsed<RequestHead> parse_request_head(std::string_view head);

/// `to_head_request`: the request was HEAD, so there is no body whatever the fields say.
Parsed<ResponseHead> parse_response_head(std::string_view head, bool to_head_request);

/// One "name: value" line without its CRLF, cut out by one that refuses control characters.
Parsed<Header> parse_header_line(std::string_view line);

/// The characters of a token [RFC 9110 5.6.2]: methods and field names.
bool is_token(std::string_view text);

/// The characters a target may hold: visible ASCII. '#' is among them because the C SDK writes
/// device ids unescaped.
bool is_target(std::string_view text);

/// Control characters other than the horizontal tab; in a header value they forge lines.
bool is_control(char c);

}  // namespace restante::http
