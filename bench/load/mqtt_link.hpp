#pragma once
// A sender on MQTT 3.1.1: QoS 1 to the device's topic.

#include <unordered_map>

#include "protocol/mqtt/client_engine.hpp"
#include "sender_link.hpp"

namespace restante::load {

class MqttLink final : public net::Session, public SenderLink {
  public:
    MqttLink(std::size_t window, SenderOwner& owner);

    void use(net::ConnectionHandle handle) { handle_ = std::move(handle); }

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override { return engine_.take_output(); }
    std::optional<SteadyTime> next_deadline() const override { return engine_.next_deadline(); }
    void advance(Now now) override;
    bool finished() const override { return engine_.finished(); }
    void closed(const Error& reason) override;

    bool can_send() const override { return connected_ && tickets_.size() < window_; }
    Result<void> send(const Member& to, BytesView body, std::uint64_t ticket) override;
    void run(net::Work work) override { handle_.post(std::move(work)); }
    void leave() override;

  private:
    void handle_events();
    void on(const mqtt::Connected& event);
    void on(const mqtt::Refused& event);
    void on(const mqtt::Acknowledged& event);
    void on(const mqtt::Failed& event) { fault_ = event.error; }
    template <class Other>
    void on(const Other&) {}

    const std::size_t window_;
    SenderOwner& owner_;
    net::ConnectionHandle handle_;
    mqtt::ClientEngine engine_;
    bool connected_ = false;
    bool left_ = false;
    std::optional<Error> fault_;
    std::unordered_map<mqtt::PacketId, std::uint64_t> tickets_;
};

}  // namespace restante::load
