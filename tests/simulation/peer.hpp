#pragma once
// The far end of one simulated connection: a device or a service, made of the same protocol engines
// as our SDKs, that tells the History what it sees. The run's Connection owns it.

#include <functional>
#include <memory>
#include <string>

#include "auth/shared_access_policy.hpp"
#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "history.hpp"
#include "random.hpp"
#include "registrations.hpp"

namespace restante::simulation {

/// What peers share. The run owns all of it.
struct Surroundings {
    History& history;
    Registrations& registrations;
    Random& random;
    const Clock& clock;
    const std::uint64_t& step;
    const auth::SharedAccessPolicies& policies;
    /// The faults are over: everything is completed, nothing new begun.
    const bool& draining;

    static constexpr const char* hostname = "hub.example";
    /// Tokens that live for an hour.
    std::string device_token(const Line& line) const;
    std::string policy_token() const;
    Ending choose() const;
};

class Peer {
  public:
    virtual ~Peer() = default;
    virtual void receive(BytesView bytes) = 0;
    virtual Bytes take_output() = 0;
    virtual void advance() = 0;
    /// Does something of its own accord, when there is something to do.
    virtual void act() = 0;
    virtual bool over() const = 0;
};

std::unique_ptr<Peer> make_mqtt_device(Surroundings& around, const Line& line);
std::unique_ptr<Peer> make_amqp_device(Surroundings& around, const Line& line);
std::unique_ptr<Peer> make_https_device(Surroundings& around, const Line& line);
/// Sends to `devices` and reads feedback.
std::unique_ptr<Peer> make_amqp_service(Surroundings& around, const Line& line,
                                        const std::vector<std::string>& devices);
std::unique_ptr<Peer> make_https_service(Surroundings& around, const Line& line,
                                         const std::vector<std::string>& devices);
/// Deletes devices, makes them again, shuts them out, gives them other keys.
std::unique_ptr<Peer> make_registrar(Surroundings& around, const Line& line,
                                     const std::vector<std::string>& devices);
/// `inside`, which speaks `subprotocol`, by WebSocket.
std::unique_ptr<Peer> make_websocket(Surroundings& around, std::string_view subprotocol,
                                     std::unique_ptr<Peer> inside);

}  // namespace restante::simulation
