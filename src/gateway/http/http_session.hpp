#pragma once
// One HTTPS connection to the hub: its requests, one after the other, each to its route.
//
//     request ──▶ route ──▶ admitted ──▶ handler ──▶ hub ──▶ response ──▶ next request
//                   │          │ no                   ┆
//                   └─ 404, 405└─ 401                 └ the client has gone: the answer is dropped
//
// A request for a WebSocket may turn the connection into one. From there on the session it became
// does everything, and nothing of HTTP is kept.
//
// Owned by its connection, lives on that connection's loop (net/session.hpp).

#include <memory>
#include <optional>

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

class HttpSession final : public net::Session {
  public:
    /// `websockets`: what a WebSocket may carry; outlives every session.
    HttpSession(const Access& access, const WebSocketProtocols& websockets)
        : http_(std::make_unique<Http>(access, websockets)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool proved() const override;
    bool finished() const override;
    void closed(const Error& reason) override;

  private:
    struct Http {
        Http(const Access& access, const WebSocketProtocols& websockets)
            : connection{.access = access, .websockets = websockets} {}

        HttpConnection connection;
        std::optional<HttpExchange> exchange;  ///< of the latest request
    };

    Bytes become(std::unique_ptr<net::Session> upgraded);

    std::unique_ptr<Http> http_;              ///< until an upgrade
    std::unique_ptr<net::Session> upgraded_;  ///< from then on
};

}  // namespace restante::gateway
