#pragma once
// A device: connects over MQTT, subscribes to its messages at QoS 1 and acknowledges each. Its
// session at the broker is one that stays, so what is sent while it is away waits for it.

#include "broker.hpp"
#include "fleet/task.hpp"
#include "protocol/mqtt/client_engine.hpp"

namespace restante::load {

/// What a device's session tells. Called on the loop.
class DeviceOwner {
  public:
    virtual ~DeviceOwner() = default;
    /// True: it has all it came for, and leaves.
    virtual bool subscribed(const Member& member) = 0;
    virtual bool received(const Member& member, BytesView body) = 0;
    /// nullopt after it left.
    virtual void ended(const Member& member, std::optional<Error> fault) = 0;
};

class DeviceSession final : public net::Session {
  public:
    DeviceSession(const Broker& broker, Member member, DeviceOwner& owner)
        : broker_(broker), member_(std::move(member)), owner_(owner) {}

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
    void on(const mqtt::Failed& event) { fault_ = event.error; }
    template <class Other>
    void on(const Other&) {}

    void leave();

    const Broker& broker_;
    const Member member_;
    DeviceOwner& owner_;
    mqtt::ClientEngine engine_;
    bool left_ = false;
    std::optional<Error> fault_;
};

}  // namespace restante::load
