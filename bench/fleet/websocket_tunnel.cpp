#include "websocket_tunnel.hpp"

#include <fmt/format.h>

#include <utility>

namespace restante::fleet {

WebSocketTunnel::WebSocketTunnel(std::string host, std::string subprotocol,
                                 std::unique_ptr<net::Session> inner)
    : opening_{.host = std::move(host),
               .target = "/$iothub/websocket",
               .subprotocol = std::move(subprotocol)},
      inner_(std::move(inner)) {}

void WebSocketTunnel::start(net::ConnectionHandle handle, const net::Peer& peer, Now) {
    handle_ = std::move(handle);
    peer_ = peer;
    handshake_output_ = websocket::request_of(opening_);
}

void WebSocketTunnel::receive(BytesView bytes, Now now) {
    open_ ? pass_on(bytes, now) : read_answer(bytes, now);
}

void WebSocketTunnel::read_answer(BytesView bytes, Now now) {
    append(handshake_input_, bytes);
    const auto length = websocket::read_answer(handshake_input_, opening_);
    if (!length) {
        fault_ = length.error();
    } else if (*length) {
        open_ = true;
        inner_->start(handle_, peer_, now);
        pass_on(BytesView(handshake_input_).subspan(**length), now);
    }
}

void WebSocketTunnel::pass_on(BytesView bytes, Now now) {
    websocket_.receive(bytes, now.steady);
    while (auto event = websocket_.next_event()) {
        if (const auto* received = std::get_if<websocket::Received>(&*event)) {
            if (!inner_->finished()) inner_->receive(received->bytes, now);
        } else if (const auto* closed = std::get_if<websocket::Closed>(&*event)) {
            fault_ = Error(ErrorCode::connection_dropped,
                           fmt::format("the hub closed the WebSocket ({})",
                                       static_cast<unsigned>(closed->code)));
        } else {
            fault_ = std::get<websocket::Failed>(*event).error;
        }
    }
}

Bytes WebSocketTunnel::take_output() {
    if (!open_) return std::exchange(handshake_output_, {});
    websocket_.send(inner_->take_output());
    if (inner_->finished()) websocket_.close(websocket::CloseCode::normal);
    return websocket_.take_output();
}

std::optional<SteadyTime> WebSocketTunnel::next_deadline() const {
    if (!open_) return std::nullopt;
    return inner_->finished() ? websocket_.next_deadline() : inner_->next_deadline();
}

void WebSocketTunnel::advance(Now now) {
    if (!open_) return;
    websocket_.advance(now.steady);
    if (!inner_->finished()) inner_->advance(now);
}

}  // namespace restante::fleet
