#pragma once
// One device of the fleet, told by its number alone: name, key and messages follow from it, so
// create, send and drain agree without a file between them.

#include <cstddef>

#include "base/bytes.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/device_identity.hpp"

namespace restante::fleet {

class Member {
  public:
    /// Counted from 1.
    explicit Member(std::size_t number);

    std::size_t number() const { return number_; }
    const model::DeviceId& id() const { return id_; }
    const std::string& name() const { return id_.value(); }

    /// 32 bytes. No secret: whoever reads this source knows it.
    Bytes key() const;

    /// What a back end registers it with.
    model::DeviceDefinition definition() const;

    /// Its message `message`, counted from 1, as a back end sends it.
    model::CloudToDeviceMessage message(std::size_t message, std::size_t bytes) const;

    /// The body of that message: text that says whose and which, then bytes of every value, which
    /// differ from message to message.
    Bytes body(std::size_t message, std::size_t bytes) const;

    /// Which message of its own a body says it is, 0 when it says none.
    std::size_t message_of(BytesView body) const;

  private:
    std::size_t number_;
    model::DeviceId id_;
};

}  // namespace restante::fleet
