#pragma once
// One HTTPS connection to the hub: its requests, one after the other, each to its route.
//
//     request ──▶ route ──▶ admitted ──▶ handler ──▶ hub ──▶ response ──▶ next request
//                   │          │ no                   ┆
//                   └─ 404, 405└─ 401                 └ the client has gone: the answer is dropped
//
// Owned by its connection, lives on that connection's loop (net/session.hpp).

#include <optional>

#include "gateway/http/http_exchange.hpp"

namespace restante::gateway {

class HttpSession final : public net::Session {
  public:
    explicit HttpSession(const Access& access) : connection_{.access = access} {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool finished() const override { return connection_.engine.finished(); }
    void closed(const Error& reason) override;

  private:
    HttpConnection connection_;
    std::optional<HttpExchange> exchange_;  ///< of the latest request
};

}  // namespace restante::gateway
