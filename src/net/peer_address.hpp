#pragma once
// How the address of a peer is read and shown. A socket on "::" sees IPv4 peers in IPv6 clothes.

#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace restante::net {

/// ::ffff:192.0.2.7 is 192.0.2.7; any other address stays as it is.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

/// "127.0.0.1:8883", "[::1]:8883"; an IPv4 address in IPv6 clothes is shown as IPv4.
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace restante::net
