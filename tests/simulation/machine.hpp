#pragma once
// One life of the hub's process, from its start to its crash: what a server holds in memory.

#include <memory>
#include <optional>

#include "auth/keyring.hpp"
#include "gateway/access/access.hpp"
#include "gateway/http/http_session.hpp"
#include "hub/hub.hpp"
#include "server/websocket_protocols.hpp"
#include "store/store.hpp"

namespace restante::simulation {

class Machine {
  public:
    Machine(store::StoreEngine& disk, const Clock& clock, const auth::Keyring& keyring,
            const core::HubRules& rules, LogSink& log)
        : store_(disk),
          hub_(store_, clock, Logger(log, clock, LogLevel::error), rules, hub::Drive::run_pending),
          access_(hub_, keyring, clock, Logger(log, clock, LogLevel::error), "hub.example") {}

    Result<void> start() { return hub_.start(); }
    hub::Hub& hub() { return hub_; }
    const gateway::Access& access() const { return access_; }
    const gateway::WebSocketProtocols& websockets() const { return websockets_; }

  private:
    store::Store store_;
    hub::Hub hub_;
    gateway::Access access_;
    gateway::WebSocketProtocols websockets_ = server::websocket_protocols(access_);
};

}  // namespace restante::simulation
