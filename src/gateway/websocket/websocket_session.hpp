#pragma once
// A session inside a WebSocket: what a gateway speaks on a port of its own, spoken on 443.
//
//     connection ──frames──▶ websocket::Connection ──stream──▶ the inner session ──▶ hub
//
// The inner session notices nothing: it gets the connection's own handle and peer. When it has
// finished, the WebSocket is closed with 1000 and the peer's answer awaited; when the peer closes
// first, the inner session hears closed(connection_dropped).
//
// Owned by its connection (by way of HttpSession), lives on that connection's loop.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/access/access.hpp"
#include "net/listener.hpp"
#include "protocol/websocket/connection.hpp"

namespace restante::gateway {

/// What can be spoken inside a WebSocket: a subprotocol's name and who speaks it.
struct WebSocketProtocol {
    std::string name;
    net::SessionFactory session;
};
/// Handed in by the server, because no gateway knows another.
using WebSocketProtocols = std::vector<WebSocketProtocol>;

class WebSocketSession final : public net::Session {
  public:
    WebSocketSession(const Access& access, std::unique_ptr<net::Session> inner)
        : access_(access), inner_(std::move(inner)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool proved() const override { return inner_->proved(); }
    bool finished() const override { return websocket_.finished(); }
    void closed(const Error& reason) override;

  private:
    const Access& access_;
    std::unique_ptr<net::Session> inner_;
    websocket::Connection websocket_{websocket::Role::server};
    net::Peer peer_;
    std::optional<Error> ended_;  ///< by the peer, inside the WebSocket
};

}  // namespace restante::gateway
