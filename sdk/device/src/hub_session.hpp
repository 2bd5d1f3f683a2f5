#pragma once
// One MQTT connection of a device client: CONNECT, subscription, messages in, acknowledgements out.
//
// Owned by its connection (net/session.hpp) and run on that connection's loop, as Core is, to whom
// it reports until one of them lets go of the other: closed() or abandon().

#include <optional>
#include <string>

#include "failure.hpp"
#include "net/session.hpp"
#include "protocol/mqtt/client_engine.hpp"

namespace restante::device {

class Core;

class HubSession final : public net::Session {
  public:
    HubSession(Core& core, mqtt::Connect packet) : core_(&core), packet_(std::move(packet)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override { return engine_.take_output(); }
    std::optional<SteadyTime> next_deadline() const override { return engine_.next_deadline(); }
    void advance(Now now) override;
    bool finished() const override { return engine_.finished(); }
    void closed(const Error& reason) override;

    // From Core, through the connection's handle or inside one of this session's reports.

    void subscribe(std::string filter);
    void unsubscribe(std::string filter);
    void say_goodbye() { engine_.disconnect(); }

    /// Reports nothing any more.
    void abandon() { core_ = nullptr; }

  private:
    void handle_events();
    void on(const mqtt::Connected& event);
    void on(const mqtt::Refused& event);
    void on(const mqtt::Subscribed& event);
    void on(const mqtt::Unsubscribed& event);
    void on(mqtt::MessageReceived&& event);
    void on(const mqtt::Acknowledged&) {}
    void on(const mqtt::Failed& event);

    Core* core_;
    mqtt::Connect packet_;
    mqtt::ClientEngine engine_;
    net::ConnectionHandle handle_;
    bool accepted_ = false;
    std::optional<Failure> failure_;  ///< known before the connection ends
};

}  // namespace restante::device
