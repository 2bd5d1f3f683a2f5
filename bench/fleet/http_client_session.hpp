#pragma once
// An HTTPS connection of the fleet: one request after the other, as a subclass wants them.
//
// Owned by its connection, lives on the fleet's loop. Ends by leave(), by give_up(), or when the
// hub ends it; then tells `ended`, once.

#include <optional>

#include "net/session.hpp"
#include "protocol/http/client_engine.hpp"
#include "task.hpp"

namespace restante::fleet {

class HttpClientSession : public net::Session {
  public:
    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) final;
    void receive(BytesView bytes, Now now) final;
    Bytes take_output() final { return engine_.take_output(); }
    std::optional<SteadyTime> next_deadline() const final { return engine_.next_deadline(); }
    void advance(Now now) final;
    bool finished() const final { return left_ || fault_ || engine_.finished(); }
    void closed(const Error& reason) final;

  protected:
    HttpClientSession(std::string host, Ended ended);

    void send(const http::Request& request);
    void leave() { left_ = true; }
    void give_up(Error fault);

    virtual void opened() = 0;
    virtual void answered(const http::Response& response) = 0;

  private:
    void handle_events();

    http::ClientEngine engine_;
    Ended ended_;
    Now now_{};
    bool left_ = false;
    std::optional<Error> fault_;
};

}  // namespace restante::fleet
