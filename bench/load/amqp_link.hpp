#pragma once
// A sender on AMQP 1.0. To a Restante hub: `to` names the device. To another broker: the message is
// durable and its subject is the routing key, the device's topic with dots.

#include <unordered_map>

#include "fleet/amqp_client_session.hpp"
#include "sender_link.hpp"

namespace restante::load {

class AmqpLink final : public fleet::AmqpClientSession, public SenderLink {
  public:
    AmqpLink(const Broker& broker, std::string target, std::size_t window, SenderOwner& owner);

    void use(net::ConnectionHandle handle) { handle_ = std::move(handle); }

    bool can_send() const override;
    Result<void> send(const Member& to, BytesView body, std::uint64_t ticket) override;
    void run(net::Work work) override { handle_.post(std::move(work)); }
    void leave() override { AmqpClientSession::leave(); }

  private:
    void admitted() override { link_ = attach_sender("sender", target_); }
    void on_credit(amqp::LinkId) override { owner_.ready(*this); }
    void on_disposition(const amqp::DispositionReceived& event) override;
    Bytes encode(const Member& to, BytesView body, std::uint64_t ticket) const;

    const bool to_hub_;
    const std::string target_;
    const std::size_t window_;
    SenderOwner& owner_;
    net::ConnectionHandle handle_;
    std::optional<amqp::LinkId> link_;
    std::unordered_map<amqp::DeliveryId, std::uint64_t> tickets_;
};

}  // namespace restante::load
