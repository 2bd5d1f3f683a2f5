#pragma once
// The opening handshake [RFC 6455 4]: an HTTP request and its 101, from both ends. Nothing here
// keeps state; what comes after the 101 is Connection's.
//
// No extension is offered or accepted: compression beside secrets tells about them, and what is
// spoken here is small.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/http/message.hpp"

namespace restante::websocket {

/// The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key.
std::string accept_of(std::string_view key);

// -- the server's end ----------------------------------------------------------------------------

/// A client's request to open a WebSocket, in order but for its choice of subprotocols.
struct Opening {
    std::string key;
    std::vector<std::string> subprotocols;  ///< as offered, the favourite first
};

/// Why a request opens no WebSocket, and the fields that say so besides the status.
struct OpeningRefusal {
    int status;
    std::string reason;
    http::Headers headers;
};

/// 426 for a request that asks for no WebSocket, or for another version than 13 [RFC 6455 4.4];
/// 400 for one that asks in a way nobody can answer.
std::expected<Opening, OpeningRefusal> read_opening(const http::Request& request);

struct Subprotocol {
    std::string offered;  ///< the client's own spelling, which it wants back
    std::size_t known;    ///< the index of ours
};

/// The client's favourite among the subprotocols we know, whatever the case: the C SDK writes
/// "MQTT" where the others write "mqtt". nullopt when there is none.
std::optional<Subprotocol> choose(std::span<const std::string> offered,
                                  std::span<const std::string> known);

http::Response accept(const Opening& opening, std::string_view subprotocol);

// -- the client's end ----------------------------------------------------------------------------

struct ClientOpening {
    std::string host;
    std::string target;  ///< "/$iothub/websocket"
    std::string subprotocol;
    std::string key = new_key();

    /// 16 unpredictable bytes in base64.
    static std::string new_key();
};

Bytes request_of(const ClientOpening& opening);

/// Reads the server's answer at the front of `bytes`: its length once it is whole and says yes, so
/// that frames follow; nullopt while it is incomplete.
///
/// Errors: malformed (no HTTP answer), connection_failed (another status than 101, which the text
/// names), protocol_error (a 101 that answers another request).
Result<std::optional<std::size_t>> read_answer(BytesView bytes, const ClientOpening& opening);

}  // namespace restante::websocket
