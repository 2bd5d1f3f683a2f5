#pragma once
// One request on its way to its answer, as a route sees it.
//
// Owned by its HttpSession. It lives until the connection's next request is read, which is not
// before this one was answered, so work posted to the connection may use it freely. A route
// answers exactly once, at once or later.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/access/access.hpp"
#include "gateway/websocket/websocket_session.hpp"
#include "net/session.hpp"
#include "protocol/http/server_engine.hpp"
#include "protocol/http/target.hpp"
#include "wire/error_table.hpp"

namespace restante::gateway {

/// What all requests of one connection share. Owned by its HttpSession.
struct HttpConnection {
    const Access& access;
    const WebSocketProtocols& websockets;
    http::ServerEngine engine{};
    net::ConnectionHandle handle{};
    std::unique_ptr<net::Session> upgraded{};  ///< what the connection becomes
    net::Peer peer{};
    Now now{};            ///< of the call being handled
    bool proved = false;  ///< one of the requests has told who its client is
    bool telemetry_reported = false;
};

class HttpExchange {
  public:
    HttpExchange(HttpConnection& connection, http::Request request);

    const Access& access() const { return connection_.access; }
    const WebSocketProtocols& websockets() const { return connection_.websockets; }
    const net::Peer& peer() const { return connection_.peer; }
    const http::Request& request() const { return request_; }
    const http::Target& target() const { return target_; }
    /// One segment of the path, percent-decoded. The route's path says which there are.
    const std::string& segment(std::size_t index) const { return target_.segments[index]; }

    /// An answer of the hub that continues this request on its connection's loop.
    template <class T, class Work>
    hub::Answer<T> on_answer(Work work) {
        return on_connection<T>(connection_.handle, std::move(work));
    }

    /// The request's client has proved who it is.
    void proved() { connection_.proved = true; }

    /// Answers that no WebSocket is opened, and why.
    void refuse_upgrade(int status, const Error& reason, http::Headers headers = {});
    /// Answers with this 101; the connection is the session's from then on.
    void upgrade(const http::Response& response, std::unique_ptr<net::Session> session);

    /// Without a body.
    void respond(int status);
    void respond(int status, http::Headers headers, Bytes body);
    void respond_json(int status, std::string_view json, http::Headers headers = {});
    /// Answers with the error's status, name and text, and logs it with the request's id.
    void fail(const Error& error, http::Headers headers = {});
    /// The same in the flat shape, which the service has for conflicts of modules.
    void fail_flat(const Error& error);
    /// 401: logs who was turned away and why. The client hears neither.
    void refuse(std::string_view who, const Error& reason);

    /// True once a connection: its telemetry is about to be reported in the log.
    bool first_telemetry() { return !std::exchange(connection_.telemetry_reported, true); }

  private:
    void answer_failure(const Error& error, std::string_view body, http::Headers headers);
    void send(http::Response response);
    /// Method and path, shortened, for the log. No query: some put tokens there.
    std::string place() const;

    HttpConnection& connection_;
    http::Request request_;
    http::Target target_;
    wire::Tracking tracking_;
};

}  // namespace restante::gateway
