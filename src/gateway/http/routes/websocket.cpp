#include "gateway/http/routes/websocket.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "protocol/websocket/handshake.hpp"

namespace restante::gateway {
namespace {

/// Of what a client offered, in an error. The longest name among those registered has 60.
constexpr std::size_t told_bytes_max = 200;

Error none_in_common(const std::vector<std::string>& offered,
                     const std::vector<std::string>& known) {
    const std::string names = fmt::format("{}", fmt::join(offered, ", "));
    return Error(ErrorCode::argument_invalid,
                 fmt::format("Sec-WebSocket-Protocol offers {}; this hub speaks {}",
                             names.empty() ? "nothing" : names.substr(0, told_bytes_max),
                             fmt::join(known, ", ")));
}

}  // namespace

void open_websocket(HttpExchange& exchange) {
    const auto opening = websocket::read_opening(exchange.request());
    if (!opening) {
        const auto& refusal = opening.error();
        return exchange.refuse_upgrade(
            refusal.status, Error(ErrorCode::argument_invalid, refusal.reason), refusal.headers);
    }
    std::vector<std::string> known;
    for (const auto& protocol : exchange.websockets()) known.push_back(protocol.name);
    const auto chosen = websocket::choose(opening->subprotocols, known);
    if (!chosen) {
        return exchange.refuse_upgrade(400, none_in_common(opening->subprotocols, known));
    }
    exchange.upgrade(websocket::accept(*opening, chosen->offered),
                     std::make_unique<WebSocketSession>(
                         exchange.access(), exchange.websockets()[chosen->known].session()));
}

}  // namespace restante::gateway
