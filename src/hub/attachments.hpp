#pragma once
// Who is connected right now: the devices' live attachments, with the ways to wake and to end
// them. Nothing here is durable.
//
// Owned and used by Hub on its loop.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/queue/device_queue.hpp"

namespace restante::hub {

/// An attachment is the receiver that queues lock messages for.
using AttachmentId = core::ReceiverId;

enum class Protocol : std::uint8_t { mqtt, amqp, https };

/// How the hub reaches an attached session. Both are called on the hub's loop and only post.
struct DeviceEvents {
    /// A hint: there may be something to receive.
    std::function<void()> message_available;
    /// The attachment has ended: replaced, or the device deleted, disabled or given other keys.
    std::function<void(Error)> ended;
};

/// A device that proved who it is and wants to be reached.
struct AttachRequest {
    AttachmentId id;
    model::DeviceId device;
    /// Of the identity its proof was checked against; the attachment fails if it changed since.
    std::uint64_t identity_version;
    Protocol protocol;
    /// For the log: where it comes from and what it calls itself.
    std::string peer;
    DeviceEvents events;
};

class Attachments {
  public:
    struct Attachment {
        model::DeviceId device;
        Protocol protocol;
        DeviceEvents events;
    };

    /// One live attachment for each device and protocol: the earlier one is returned, removed.
    std::optional<std::pair<AttachmentId, Attachment>> add(AttachmentId id, Attachment attachment,
                                                           WallTime now);

    std::optional<Attachment> remove(AttachmentId id, WallTime now);

    /// All attachments of a device, removed.
    std::vector<std::pair<AttachmentId, Attachment>> remove_device(const model::DeviceId& device,
                                                                   WallTime now);

    const Attachment* find(AttachmentId id) const;

    void wake(const model::DeviceId& device) const;

    struct Observed {
        bool connected = false;
        std::optional<WallTime> changed_at;
        std::optional<WallTime> active_at;  ///< when the device last did something
    };
    /// What the registry reports about a device since the hub started.
    Observed observe(const model::DeviceId& device) const;

    /// The device did something, connected or not.
    void note_activity(const model::DeviceId& device, WallTime now) {
        observed_[device].active_at = now;
    }
    std::size_t connected_devices() const { return connected_devices_; }

    /// The device was deleted: nothing about it is remembered.
    void forget(const model::DeviceId& device) { observed_.erase(device); }

  private:
    std::unordered_map<std::uint64_t, Attachment> attachments_;
    std::multimap<model::DeviceId, AttachmentId> by_device_;
    std::map<model::DeviceId, Observed> observed_;
    std::size_t connected_devices_ = 0;
};

}  // namespace restante::hub
