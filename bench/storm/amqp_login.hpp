#pragma once
// A device's first words over AMQP: its token by CBS, where the server wants one, and a link on
// which it grants credit.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/hub_login.hpp"
#include "conversation.hpp"
#include "options.hpp"

namespace restante::storm {

class WaitingDevice;

class AmqpLogin final : public Conversation {
  public:
    /// Throws std::invalid_argument when the connection string is none.
    explicit AmqpLogin(const Options& options);
    ~AmqpLogin() override;

    void prepare(std::size_t count) override;
    Bytes open(std::size_t number) override;
    Result<Turn> hear(std::size_t number, std::uint8_t stage, BytesView heard) override;
    Bytes farewell(std::size_t number) override;

  private:
    const Options& options_;
    std::optional<bench::HubLogin> hub_;  ///< none: the server lets anyone in
    std::vector<std::string> tokens_;     ///< a signature in each costs time
    std::vector<std::unique_ptr<WaitingDevice>> devices_;
};

}  // namespace restante::storm
