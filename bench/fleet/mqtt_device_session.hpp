#pragma once
// A device's call over MQTT: subscribe, take and acknowledge what comes, be sure, leave.
//
// A PUBACK has no answer. The hub answers a subscription only after it decided what was
// acknowledged before, so subscribing once more is how the device becomes sure.

#include "hub_client.hpp"
#include "inbox.hpp"
#include "protocol/mqtt/client_engine.hpp"
#include "task.hpp"

namespace restante::fleet {

class MqttDeviceSession final : public net::Session {
  public:
    MqttDeviceSession(const HubClient& hub, Inbox& inbox, Ended ended)
        : hub_(hub), inbox_(inbox), ended_(std::move(ended)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override { return engine_.take_output(); }
    std::optional<SteadyTime> next_deadline() const override { return engine_.next_deadline(); }
    void advance(Now now) override;
    bool finished() const override { return engine_.finished(); }
    void closed(const Error& reason) override;

  private:
    void handle_events();
    void on(const mqtt::Connected& event);
    void on(const mqtt::Refused& event);
    void on(const mqtt::Subscribed& event);
    void on(const mqtt::MessageReceived& event);
    void on(const mqtt::Failed& event);
    void on(const mqtt::Unsubscribed&) {}
    void on(const mqtt::Acknowledged&) {}

    void subscribe();
    void look_whether_complete();
    void give_up(Error fault);

    const HubClient& hub_;
    Inbox& inbox_;
    Ended ended_;
    mqtt::ClientEngine engine_;
    bool subscribed_ = false;
    bool making_sure_ = false;
    bool left_ = false;
    std::optional<Error> fault_;
};

}  // namespace restante::fleet
