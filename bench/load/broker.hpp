#pragma once
// The way to one broker, whichever it is: ports, tokens, topics, and the loop all sessions live on.
//
// main() owns it and ends it before whatever its sessions report to.

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "common/hub_login.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/loops.hpp"
#include "options.hpp"

namespace restante::load {

using fleet::Member;

class Broker {
  public:
    /// Throws std::invalid_argument.
    explicit Broker(const Options& options);

    const std::string& host() const { return options_.host; }
    net::Loop& loop() { return loops_.at(0); }

    /// A Restante hub: for it all, by the policy of the login.
    std::optional<std::string> policy_token() const;

    struct Login {
        std::optional<std::string> user_name;
        std::optional<Bytes> password;
    };
    Login device_login(const Member& member) const;
    /// What it subscribes to.
    std::string device_filter(const Member& member) const;

    enum class Port : std::uint8_t { mqtt, amqp, nats };
    net::ConnectionHandle connect(Port port, std::unique_ptr<net::Session> session);

    /// Ends every connection; each session hears of it.
    void stop() { loops_.stop(); }

  private:
    std::uint16_t number_of(Port port) const;

    const Options& options_;
    std::optional<bench::HubLogin> hub_;
    SystemClock clock_;
    std::shared_ptr<const net::TlsClient> tls_;
    net::Loops loops_{1};
};

}  // namespace restante::load
