#pragma once
// A listening socket and the connections that came through it. It accepts on one loop and spreads
// its connections over all of them.
//
// The program owns it; its loops outlive it. stop(), or its destructor, closes the socket and every
// connection before it returns.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/logger.hpp"
#include "base/result.hpp"
#include "net/admission.hpp"
#include "net/connection_options.hpp"
#include "net/session.hpp"
#include "net/tls.hpp"

namespace restante::net {

class Loops;

/// Makes the session of a connection whose TLS stands. Called on any loop, also on several at once.
using SessionFactory = std::function<std::unique_ptr<Session>()>;

struct ListenerOptions {
    std::string address = "::";  ///< an address of this machine; "::" is every IPv6 and IPv4 one
    std::uint16_t port = 0;      ///< 0: any free one
    std::shared_ptr<const TlsServer> tls;
    SessionFactory session;
    /// Counts connections until they have proved who they are; shared by the program's listeners.
    std::shared_ptr<Admission> admission;
    /// Further connections are closed as they come.
    std::size_t connections_max = 100'000;
    /// How long to accept nothing when the machine has no descriptors or memory left.
    Milliseconds accept_pause = std::chrono::seconds(1);
    ConnectionOptions connection;
};

class Listener {
  public:
    /// Binds and accepts from now on. The error names the address, the port and the cause.
    static Result<std::unique_ptr<Listener>> start(Loops& loops, const Clock& clock,
                                                   const Logger& logger, ListenerOptions options);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// The port that was bound.
    std::uint16_t port() const;

    /// Connections open now, handshakes and farewells included.
    std::size_t connections() const;

    /// Connections accepted from now on use this certificate.
    void replace_tls(std::shared_ptr<const TlsServer> tls);

    /// Closes the socket and all connections; each session has heard closed(cancelled) when this
    /// returns. Any thread but a loop's, as often as you like.
    void stop();

  private:
    class State;
    class Accepted;
    explicit Listener(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;  // shared by its connections
};

}  // namespace restante::net
