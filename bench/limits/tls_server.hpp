#pragma once
// A TLS server that does nothing but TLS: OpenSSL on epoll, echoing what it reads. It takes the
// context of the hub's own server, so that versions, ciphers, resumption and buffers are the same.

#include <cstdint>
#include <string>

namespace restante::limits {

struct TlsServerPlan {
    std::uint16_t port = 0;
    std::string certificate_file;
    std::string key_file;
    std::size_t threads = 1;  ///< each with its own listening socket and its own connections
};

struct TlsServerFigures {
    std::uint64_t handshakes = 0;  ///< resumed ones among them
    std::uint64_t resumed = 0;
    std::uint64_t failed = 0;
};

/// Prints the port, serves until SIGTERM or SIGINT. Throws std::runtime_error.
TlsServerFigures run_tls_server(const TlsServerPlan& plan);

}  // namespace restante::limits
