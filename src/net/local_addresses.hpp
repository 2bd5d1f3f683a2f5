#pragma once
// Which addresses this machine has for itself.

#include <string>
#include <vector>

namespace restante::net {

/// The loopback addresses a hub can listen on: 127.0.0.1, and ::1 where there is IPv6 at all.
std::vector<std::string> loopback_addresses();

}  // namespace restante::net
