#pragma once
// What the hub remembers about a message while it waits: enough to decide, without its body.

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "model/cloud_to_device_message.hpp"

namespace restante::model {

/// Place of a message in its device's queue: ascending, never used twice for one device.
struct SequenceNumber {
    std::uint64_t value = 0;

    auto operator<=>(const SequenceNumber&) const = default;
};

/// Proof of holding a message: which one, and which of its locks. Travels as a GUID.
struct LockToken {
    SequenceNumber sequence;
    std::uint64_t serial = 0;

    Uuid to_uuid() const;
    static LockToken from_uuid(const Uuid& uuid);

    auto operator<=>(const LockToken&) const = default;
};

struct QueuedMessage {
    SequenceNumber sequence;
    WallTime enqueued_at;
    WallTime expires_at;
    std::uint32_t delivery_count = 0;
    /// Which ends its sender wants to hear of, and the id to name it by; empty when none.
    AckRequest ack = AckRequest::none;
    std::string message_id;

    bool operator==(const QueuedMessage&) const = default;
};

/// A message handed to a device until it settles it or the lock ends.
struct LockedMessage {
    LockToken token;
    QueuedMessage queued;
    /// It was handed out before, whatever became of that.
    bool redelivered = false;
    /// From here on the lock no longer counts.
    SteadyTime locked_until;
    std::shared_ptr<const CloudToDeviceMessage> message;
};

}  // namespace restante::model
