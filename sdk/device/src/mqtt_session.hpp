#pragma once
// A device's connection by MQTT: CONNECT, subscription, messages in, acknowledgements and
// telemetry out.

#include <string>
#include <unordered_map>

#include "configuration.hpp"
#include "hub_session.hpp"
#include "protocol/mqtt/client_engine.hpp"

namespace restante::device {

class MqttSession final : public HubSession {
  public:
    /// `token`: the password; empty for a device that has a certificate. The configuration outlives
    /// the session.
    MqttSession(Core& core, const Configuration& configuration, std::string token);

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override { return engine_.take_output(); }
    std::optional<SteadyTime> next_deadline() const override { return engine_.next_deadline(); }
    void advance(Now now) override;
    bool finished() const override { return engine_.finished(); }

    void subscribe() override;
    void unsubscribe() override;
    Outcome send(std::uint64_t number, const Message& message) override;
    void say_goodbye() override { engine_.disconnect(); }

  private:
    void handle_events();
    void on(const mqtt::Connected& event);
    void on(const mqtt::Refused& event);
    void on(const mqtt::Subscribed& event);
    void on(const mqtt::Unsubscribed& event);
    void on(mqtt::MessageReceived&& event);
    void on(const mqtt::Acknowledged& event);
    void on(const mqtt::Failed& event);

    const Configuration& configuration_;
    mqtt::Connect packet_;
    mqtt::ClientEngine engine_;
    net::ConnectionHandle handle_;
    std::unordered_map<mqtt::PacketId, std::uint64_t> sent_;  ///< Core's numbers, unanswered
};

}  // namespace restante::device
