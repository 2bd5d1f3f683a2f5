#pragma once
// One registry request for each device of the fleet, over a few connections kept open. A task owns
// it; it ends by telling so once every connection has ended.

#include <functional>
#include <optional>

#include "hub_client.hpp"
#include "protocol/http/message.hpp"
#include "tally.hpp"

namespace restante::fleet {

class RegistryRun {
  public:
    struct Errand {
        std::string method;
        std::function<Bytes(const Member&)> body;
        /// What is wrong with a 200's body; nullopt for nothing.
        std::function<std::optional<std::string>(const Member&, BytesView)> check;
    };

    /// Counts what went well under `counted`.
    RegistryRun(HubClient& hub, Tally& tally, std::string counted, Errand errand);

    /// For devices 1 to `count`; then `ended`.
    void start(std::size_t count, std::function<void()> ended);

    // From RegistrySession.

    std::optional<Member> next();
    http::Request request(const Member& member) const;
    void judge(const Member& member, const http::Response& response);

  private:
    static constexpr std::size_t connections_max = 32;

    void session_ended(const std::optional<Error>& fault);

    HubClient& hub_;
    Tally& tally_;
    std::string counted_;
    Errand errand_;
    std::function<void()> ended_;
    std::size_t count_ = 0;
    std::size_t next_ = 1;
    std::size_t sessions_ = 0;
};

}  // namespace restante::fleet
