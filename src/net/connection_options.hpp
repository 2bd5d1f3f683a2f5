#pragma once
// The bounds of one connection, whoever opened it.

#include <cstddef>

#include "base/clock.hpp"

namespace restante::net {

struct ConnectionOptions {
    /// From the connected socket to the end of the handshake. Slow radio links need seconds.
    Milliseconds handshake_timeout = std::chrono::seconds(10);
    /// How long a peer may read nothing of the output that waits for it.
    Milliseconds write_stall_timeout = std::chrono::seconds(60);
    /// How long to wait for the peer's last bytes, so that closing does not cut off ours.
    Milliseconds linger_timeout = std::chrono::seconds(2);
    /// Output the peer has not read, in bytes, beyond which it is no longer heard.
    std::size_t output_limit = 256 * 1024;
};

}  // namespace restante::net
