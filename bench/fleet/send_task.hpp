#pragma once
// `fleet send`: fills every device's queue over a few AMQP connections.

#include "hub_client.hpp"
#include "tally.hpp"
#include "task.hpp"

namespace restante::fleet {

class SendTask final : public Task {
  public:
    SendTask(HubClient& hub, const Options& options, Tally& tally)
        : hub_(hub), options_(options), tally_(tally) {}

    void start() override;

  private:
    void session_ended(const std::optional<Error>& fault);

    HubClient& hub_;
    const Options& options_;
    Tally& tally_;
    std::size_t sessions_ = 0;
};

}  // namespace restante::fleet
