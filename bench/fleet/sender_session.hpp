#pragma once
// One connection of the sender. Sends to its share of the devices: first message 1 to each of
// them, then message 2, so that all queues grow together and a device's messages stay in order.

#include <unordered_map>

#include "amqp_client_session.hpp"
#include "hub_client.hpp"
#include "tally.hpp"

namespace restante::fleet {

class SenderSession final : public AmqpClientSession {
  public:
    /// Devices `first`, `first + stride`, ... up to `count`.
    struct Share {
        std::size_t first;
        std::size_t stride;
        std::size_t count;
        std::size_t each;
        std::size_t bytes;
        std::size_t window;  ///< messages not settled yet
    };

    SenderSession(const HubClient& hub, Share share, Tally& tally, Ended ended);

  private:
    struct Sent {
        std::size_t device;
        std::size_t message;
    };

    void admitted() override;
    void on_credit(amqp::LinkId) override { pump(); }
    void on_disposition(const amqp::DispositionReceived& event) override;

    void pump();
    bool send_one();

    Share share_;
    Tally& tally_;
    amqp::LinkId link_{};
    Sent next_;
    std::uint64_t last_tag_ = 0;
    std::unordered_map<amqp::DeliveryId, Sent> unsettled_;
};

}  // namespace restante::fleet
