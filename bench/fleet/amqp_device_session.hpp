#pragma once
// A device's call over AMQP: attach, take and accept what comes, be sure, leave.
//
// A settled disposition has no answer. The hub answers a token only after it decided what was
// settled before, so putting it once more is how the device becomes sure.

#include "amqp_client_session.hpp"
#include "hub_client.hpp"
#include "inbox.hpp"

namespace restante::fleet {

class AmqpDeviceSession final : public AmqpClientSession {
  public:
    AmqpDeviceSession(const HubClient& hub, Inbox& inbox, Ended ended);

  private:
    static constexpr std::uint32_t credit = 20;

    void admitted() override;
    void on_attached(amqp::LinkId link) override;
    void on_delivery(amqp::Delivered&& event) override;
    void look_whether_complete();

    Inbox& inbox_;
    bool attached_ = false;
    bool making_sure_ = false;
};

}  // namespace restante::fleet
