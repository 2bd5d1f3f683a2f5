#pragma once
// The client's way to a hub: look the host up, try each of its addresses, then TLS, then the
// session. With a proxy, it is the proxy's addresses that are tried, and the proxy looks the host
// up. The loop owns the connection that results; the handle reaches it from any thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "net/connection_options.hpp"
#include "net/proxy.hpp"
#include "net/session.hpp"
#include "net/tls.hpp"

namespace restante::net {

class Loop;

/// A client hears its hub while a large upload of its own waits: were both ends to stop reading
/// until the other reads, they would wait for ever. In bytes.
inline constexpr std::size_t client_output_limit = 64 * 1024 * 1024;

struct ConnectOptions {
    std::string host;  ///< a name or an address; the certificate must be for it
    std::uint16_t port = 0;
    std::shared_ptr<const TlsClient> tls;
    std::optional<Proxy> proxy;  ///< through which to connect; TLS goes through it to the host
    /// For all of it: looking up, connecting, the proxy, TLS.
    Milliseconds timeout = std::chrono::seconds(30);
    /// For one address, when the host has several.
    Milliseconds address_timeout = std::chrono::seconds(10);
    ConnectionOptions connection{.output_limit = client_output_limit};
};

/// Connects `session` to a hub. The session hears start() once TLS stands, or closed() with
/// connection_failed or tls_failed and the cause in words. handle.close() ends it at any point,
/// also before start(). On a loop that is ending, the session hears closed(cancelled) inside this
/// call. The clock outlives the loop.
ConnectionHandle connect(Loop& loop, const Clock& clock, ConnectOptions options,
                         std::unique_ptr<Session> session);

}  // namespace restante::net
