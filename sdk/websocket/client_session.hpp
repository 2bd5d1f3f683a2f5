#pragma once
// A client's session inside a WebSocket: what an SDK speaks on a port of its own, spoken on 443.
//
//     start ──▶ opening ──101──▶ open: the inner session starts, its stream goes in frames
//                  │ another answer, or none in time            │ inner finished: close, 1000
//                  └────────────▶ finished ◀────────────────────┴ peer's close, or its fault
//
// The inner session notices nothing: it gets the connection's own handle and peer, start() once the
// 101 is here, and closed() once, with what went wrong inside the WebSocket where that is the
// cause. Work posted through the handle may run before start(), as on every client connection.
//
// Owned by its connection, lives on that connection's loop. The server's twin is
// gateway/websocket/websocket_session.hpp.

#include <memory>
#include <optional>
#include <string_view>

#include "net/session.hpp"
#include "protocol/websocket/connection.hpp"
#include "protocol/websocket/handshake.hpp"

namespace restante::websocket {

/// Where every IoT hub opens WebSockets; device SDKs may append a query.
inline constexpr std::string_view hub_target = "/$iothub/websocket";
/// The subprotocols a hub knows.
inline constexpr std::string_view mqtt_subprotocol = "mqtt";
inline constexpr std::string_view amqp_subprotocol = "AMQPWSB10";

/// How long a server may take to answer the opening request.
inline constexpr Milliseconds opening_timeout = std::chrono::seconds{30};

class ClientSession final : public net::Session {
  public:
    /// `opening` names host, target and subprotocol. What closed() tells `inner` besides the
    /// connection's own reasons: connection_failed (an HTTP answer other than 101, named with its
    /// status), timeout (no answer at all), malformed and protocol_error (no HTTP, no WebSocket of
    /// ours), connection_dropped (the peer closed the WebSocket, with its code).
    ClientSession(ClientOpening opening, std::unique_ptr<net::Session> inner)
        : opening_(std::move(opening)), inner_(std::move(inner)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool finished() const override;
    void closed(const Error& reason) override;

  private:
    enum class State : std::uint8_t { opening, open, refused };

    std::size_t read_opening_answer(BytesView bytes, Now now);
    void handle_events(Now now);
    void refuse(Error error);

    ClientOpening opening_;
    std::unique_ptr<net::Session> inner_;
    Connection websocket_{Role::client};
    State state_ = State::opening;
    net::ConnectionHandle handle_;
    net::Peer peer_;
    Bytes request_;  ///< until it is taken
    Bytes answer_;   ///< until it is whole; read_answer() bounds it
    SteadyTime answer_due_{};
    std::optional<Error> ended_;  ///< by the peer, inside the WebSocket
};

}  // namespace restante::websocket
