#pragma once
// Requests and responses as bytes. The engine owns Content-Length, Transfer-Encoding and (but for
// an upgrade) Connection; what a caller says about them is left out. A field value may derive from
// what a device chose, so control characters in it become spaces, and a field whose name is no
// token is left out: nobody's text starts a line of its own.

#include <cstdint>
#include <string_view>

#include "protocol/http/message.hpp"

namespace restante::http {

/// What a response says about the connection.
enum class ConnectionField : std::uint8_t { none, keep_alive, close };

/// `to_head_request` announces the body and leaves it out; 204 and 304 have none.
void append_response(Bytes& out, const Response& response, ConnectionField connection,
                     bool to_head_request);

/// A 101 with the caller's fields as they are.
void append_upgrade(Bytes& out, const Response& response);

/// Adds Host where the request has none. Method and target are legal: is_token, is_target.
void append_request(Bytes& out, const Request& request, std::string_view host);

/// "Not Found"; a general word for codes nobody named.
std::string_view reason_phrase(int status);

}  // namespace restante::http
