#include "gateway/websocket/websocket_session.hpp"

#include <fmt/format.h>

namespace restante::gateway {

void WebSocketSession::start(net::ConnectionHandle handle, const net::Peer& peer, Now now) {
    peer_ = peer;
    inner_->start(std::move(handle), peer, now);
}

void WebSocketSession::receive(BytesView bytes, Now now) {
    websocket_.receive(bytes, now.steady);
    while (auto event = websocket_.next_event()) {
        if (const auto* received = std::get_if<websocket::Received>(&*event)) {
            if (!inner_->finished()) inner_->receive(received->bytes, now);
        } else if (const auto* closed = std::get_if<websocket::Closed>(&*event)) {
            ended_.emplace(ErrorCode::connection_dropped,
                           fmt::format("the peer closed the WebSocket ({})",
                                       static_cast<unsigned>(closed->code)));
        } else {
            const auto& error = std::get<websocket::Failed>(*event).error;
            access_.log_refusal("websocket", peer_, "", error);
            ended_ = error;
        }
    }
}

Bytes WebSocketSession::take_output() {
    // Once the peer has closed, the inner session is asked nothing more: it would lock messages
    // that cannot leave.
    if (websocket_.finished()) return websocket_.take_output();
    websocket_.send(inner_->take_output());
    if (inner_->finished()) {
        websocket_.send(inner_->take_output());
        websocket_.close(websocket::CloseCode::normal);
    }
    return websocket_.take_output();
}

std::optional<SteadyTime> WebSocketSession::next_deadline() const {
    if (inner_->finished()) return websocket_.next_deadline();
    return inner_->next_deadline();
}

void WebSocketSession::advance(Now now) {
    websocket_.advance(now.steady);
    if (!inner_->finished()) inner_->advance(now);
}

void WebSocketSession::closed(const Error& reason) {
    inner_->closed(ended_.value_or(reason));
}

}  // namespace restante::gateway
