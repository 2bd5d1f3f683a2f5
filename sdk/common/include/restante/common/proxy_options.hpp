#pragma once
// The proxy through which a client of either SDK connects: Python's ProxyOptions.

#include <cstdint>
#include <string>

namespace restante {

/// Python's SOCKS4 is not among them: it knows no names, so that this machine would have to look
/// the hub up itself.
enum class ProxyType : std::uint8_t { HTTP, SOCKS5 };

/// TLS goes through the proxy to the hub, whose name is verified as without one; the proxy looks
/// the name up.
struct ProxyOptions {
    ProxyType proxy_type = ProxyType::HTTP;
    std::string proxy_address{};  ///< a name or an address; empty: no proxy
    std::uint16_t proxy_port = 0;
    std::string proxy_username{};  ///< empty: without a login
    std::string proxy_password{};
};

}  // namespace restante
