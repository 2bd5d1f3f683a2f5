#pragma once
// How many connections of one address may stand that have not yet proved who they are. So one
// address cannot take the places of all, and those behind one NAT have enough to come back at once.
//
// An address is an IPv4 address, or the first 64 bits of an IPv6 one: whoever has one of these has
// all of them. The program owns it and its listeners share it; any thread. Nothing is kept of an
// address without such connections, so its memory is bounded by theirs.

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <mutex>
#include <utility>

#include "base/assert.hpp"

namespace restante::net {

class Admission {
    struct Strangers {
        std::size_t connections = 0;
        bool refused = false;  ///< a further one, since there were none
    };
    using Addresses = std::map<boost::asio::ip::address, Strangers>;

  public:
    /// The place of one connection, given up when it ends. The admission outlives it.
    class Ticket {
      public:
        Ticket(Ticket&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)), place_(other.place_) {}
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket() {
            if (admission_ != nullptr) admission_->release(place_);
        }

      private:
        friend class Admission;
        Ticket(Admission& admission, Addresses::iterator place)
            : admission_(&admission), place_(place) {}

        Admission* admission_;
        Addresses::iterator place_;
    };

    /// `first`: worth a line in the log; there are no more until the address has given up all of
    /// its places, or a storm of devices that come back would be a storm of lines too.
    enum class Refusal : std::uint8_t { first, further };

    /// `per_address_max`: at least 1.
    explicit Admission(std::size_t per_address_max) : per_address_max_(per_address_max) {
        RESTANTE_ASSERT(per_address_max > 0);
    }
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    [[nodiscard]] std::expected<Ticket, Refusal> admit(const boost::asio::ip::address& peer);

    std::size_t per_address_max() const { return per_address_max_; }

  private:
    void release(Addresses::iterator place);

    const std::size_t per_address_max_;
    std::mutex mutex_;
    Addresses addresses_;  // ordered: whoever chooses addresses makes no long chains of a hash
};

}  // namespace restante::net
