#include "net/admission.hpp"

#include <algorithm>

#include "net/peer_address.hpp"

namespace restante::net {
namespace {

namespace ip = boost::asio::ip;

constexpr std::ptrdiff_t prefix_bytes = 8;

/// What the peer counts as.
ip::address counted(const ip::address& peer) {
    const auto address = unmapped(peer);
    if (address.is_v4()) return address;
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + prefix_bytes, bytes.end(), std::uint8_t{0});
    return ip::address_v6(bytes);
}

}  // namespace

std::expected<Admission::Ticket, Admission::Refusal> Admission::admit(const ip::address& peer) {
    const auto address = counted(peer);
    const std::lock_guard lock(mutex_);
    const auto place = addresses_.try_emplace(address).first;
    auto& strangers = place->second;
    if (strangers.connections >= per_address_max_) {
        return std::unexpected(std::exchange(strangers.refused, true) ? Refusal::further
                                                                      : Refusal::first);
    }
    ++strangers.connections;
    return Ticket(*this, place);
}

void Admission::release(Addresses::iterator place) {
    const std::lock_guard lock(mutex_);
    if (--place->second.connections == 0) addresses_.erase(place);
}

}  // namespace restante::net
