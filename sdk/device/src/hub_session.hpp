#pragma once
// One connection of a device client, whatever it speaks: what Core asks of it, and what it has in
// common with the others.
//
// Owned by its connection (net/session.hpp) and run on that connection's loop, as Core is, to whom
// it reports until one of them lets go of the other: closed() or abandon().

#include <cstdint>
#include <optional>

#include "failure.hpp"
#include "net/session.hpp"
#include "restante/device/message.hpp"

namespace restante::device {

class Core;

class HubSession : public net::Session {
  public:
    explicit HubSession(Core& core) : core_(&core) {}

    // From Core, through the connection's handle or inside one of this session's reports.

    /// Core::on_subscribed() answers.
    virtual void subscribe() = 0;
    /// Core::on_unsubscribed() answers.
    virtual void unsubscribe() = 0;
    /// Core::on_sent() answers, with the same number, unless this says at once why not.
    virtual Outcome send(std::uint64_t number, const Message& message) = 0;
    virtual void say_goodbye() = 0;

    /// Reports nothing any more.
    void abandon() { core_ = nullptr; }

    void closed(const Error& reason) final;

  protected:
    Core* core_;
    bool accepted_ = false;           ///< the hub has accepted the device
    std::optional<Failure> failure_;  ///< known before the connection ends
};

}  // namespace restante::device
