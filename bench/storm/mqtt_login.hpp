#pragma once
// A device's first words over MQTT: CONNECT, and once it is accepted SUBSCRIBE.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "common/member.hpp"
#include "conversation.hpp"
#include "options.hpp"

namespace restante::storm {

class MqttLogin final : public Conversation {
  public:
    /// Throws std::runtime_error when the connection string is none.
    explicit MqttLogin(const Options& options);

    void prepare(std::size_t count) override;
    Bytes open(std::size_t number) const override { return connects_[number - 1]; }
    Result<Turn> hear(std::size_t number, std::uint8_t stage, BytesView heard) const override;
    Bytes farewell() const override;

  private:
    Bytes connect_packet(const fleet::Member& member) const;
    Bytes subscribe_packet(const fleet::Member& member) const;

    const Options& options_;
    std::string hub_;  ///< by which name devices log in there; empty for another server
    WallTime expiry_;
    std::vector<Bytes> connects_;  ///< a signature in each costs time
};

}  // namespace restante::storm
