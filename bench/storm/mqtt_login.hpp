#pragma once
// A device's first words over MQTT: CONNECT, and once it is accepted SUBSCRIBE.

#include <optional>
#include <string>
#include <vector>

#include "common/hub_login.hpp"
#include "conversation.hpp"
#include "options.hpp"

namespace restante::storm {

class MqttLogin final : public Conversation {
  public:
    /// Throws std::invalid_argument when the connection string is none.
    explicit MqttLogin(const Options& options);

    void prepare(std::size_t count) override;
    Bytes open(std::size_t number) override { return connects_[number - 1]; }
    Result<Turn> hear(std::size_t number, std::uint8_t stage, BytesView heard) override;
    Bytes farewell(std::size_t number) override;

  private:
    Bytes connect_packet(const fleet::Member& member) const;
    Bytes subscribe_packet(const fleet::Member& member) const;

    const Options& options_;
    std::optional<bench::HubLogin> hub_;  ///< none: the server lets anyone in
    std::vector<Bytes> connects_;         ///< a signature in each costs time
};

}  // namespace restante::storm
