#pragma once
// Another session of the fleet, spoken inside a WebSocket on the HTTPS port. The inner one starts
// once the hub has agreed and notices nothing.

#include <memory>

#include "net/session.hpp"
#include "protocol/websocket/connection.hpp"
#include "protocol/websocket/handshake.hpp"

namespace restante::fleet {

class WebSocketTunnel final : public net::Session {
  public:
    WebSocketTunnel(std::string host, std::string subprotocol, std::unique_ptr<net::Session> inner);

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool finished() const override { return fault_ || websocket_.finished(); }
    void closed(const Error& reason) override { inner_->closed(fault_.value_or(reason)); }

  private:
    void read_answer(BytesView bytes, Now now);
    void pass_on(BytesView bytes, Now now);

    websocket::ClientOpening opening_;
    std::unique_ptr<net::Session> inner_;
    net::ConnectionHandle handle_;
    net::Peer peer_;
    websocket::Connection websocket_{websocket::Role::client};
    Bytes handshake_output_;
    Bytes handshake_input_;
    bool open_ = false;
    std::optional<Error> fault_;
};

}  // namespace restante::fleet
