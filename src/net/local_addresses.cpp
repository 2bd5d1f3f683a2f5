#include "net/local_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

namespace restante::net {

std::vector<std::string> loopback_addresses() {
    std::vector<std::string> addresses{"127.0.0.1"};
    ifaddrs* interfaces = nullptr;
    if (getifaddrs(&interfaces) != 0) return addresses;
    for (const ifaddrs* entry = interfaces; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET6) continue;
        const auto* address = reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr);
        if (IN6_IS_ADDR_LOOPBACK(&address->sin6_addr)) {
            addresses.emplace_back("::1");
            break;
        }
    }
    freeifaddrs(interfaces);
    return addresses;
}

}  // namespace restante::net
