#pragma once
// The fleet's way to its hub: names, ports, tokens, and the one loop all its sessions live on.
//
// main() owns it and ends it before whatever its sessions report to.

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "common/hub_login.hpp"
#include "net/connector.hpp"
#include "net/loop.hpp"
#include "net/loops.hpp"
#include "options.hpp"

namespace restante::fleet {

class HubClient {
  public:
    /// Throws std::invalid_argument.
    explicit HubClient(const Options& options);

    const std::string& host() const { return login_.host(); }
    Now now() const { return clock_.now(); }
    net::Loop& loop() { return loops_.at(0); }

    /// For the whole hub, by the policy of the login.
    const std::string& policy_token() const { return login_.policy_token(); }
    std::string device_token(const Member& member) const { return login_.device_token(member); }

    enum class Port : std::uint8_t { mqtt, amqp, https };
    net::ConnectionHandle connect(Port port, std::unique_ptr<net::Session> session);

    /// Ends every connection; each session hears of it.
    void stop() { loops_.stop(); }

  private:
    std::uint16_t number_of(Port port) const;

    std::uint16_t mqtt_port_;
    std::uint16_t amqp_port_;
    std::uint16_t https_port_;
    bench::HubLogin login_;
    SystemClock clock_;
    std::shared_ptr<const net::TlsClient> tls_;
    net::Loops loops_{1};
};

}  // namespace restante::fleet
