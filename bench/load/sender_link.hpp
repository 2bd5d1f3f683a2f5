#pragma once
// One connection of a sender to a broker, whatever it speaks. Lives on the broker's loop.

#include <memory>

#include "broker.hpp"

namespace restante::load {

class SenderLink;

/// Whoever sends; outlives its links. Called on the loop.
class SenderOwner {
  public:
    virtual ~SenderOwner() = default;
    /// link.can_send() may have become true.
    virtual void ready(SenderLink& link) = 0;
    /// The broker has answered for the message of that ticket, with what its configuration makes
    /// that mean.
    virtual void acknowledged(std::uint64_t ticket) = 0;
    virtual void refused(std::string reason) = 0;
    /// The link is no more; nullopt after leave().
    virtual void ended(std::optional<Error> fault) = 0;
};

class SenderLink {
  public:
    virtual ~SenderLink() = default;
    virtual bool can_send() const = 0;
    /// Only when can_send(), inside a call from the link or inside run().
    virtual Result<void> send(const Member& to, BytesView body, std::uint64_t ticket) = 0;
    /// Runs `work` soon and then sends what it has left here; not at all once the link has ended.
    virtual void run(net::Work work) = 0;
    /// Closes in good order. Inside a call from the link or inside run().
    virtual void leave() = 0;
};

/// Connects. `window`: most messages not acknowledged. The link lives until ended().
SenderLink& open_link(Broker& broker, const Options& options, std::size_t window,
                      SenderOwner& owner);

/// Where devices listen and senders without a hub of names send to.
std::string topic_of(const Member& member);

}  // namespace restante::load
