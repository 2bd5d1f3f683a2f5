#include "net/peer_address.hpp"

#include <fmt/format.h>

namespace restante::net {

namespace ip = boost::asio::ip;

ip::address unmapped(const ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

std::string to_text(const ip::tcp::endpoint& endpoint) {
    const auto address = unmapped(endpoint.address());
    return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.to_string(),
                       endpoint.port());
}

}  // namespace restante::net
