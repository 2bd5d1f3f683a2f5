#pragma once
// What the hub speaks inside WebSockets: the protocols of its other two ports.

#include "gateway/websocket/websocket_session.hpp"

namespace restante::server {

/// `access` outlives every session made here.
gateway::WebSocketProtocols websocket_protocols(const gateway::Access& access);

}  // namespace restante::server
