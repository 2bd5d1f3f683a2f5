#pragma once
// Who is connected right now, and who was lately: the live attachments of devices and modules, with
// the ways to wake and to end them, and their history. Nothing here is durable.
//
// Owned and used by Hub on its loop.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/queue/device_queue.hpp"
#include "hub/connection_history.hpp"
#include "model/feedback.hpp"
#include "model/module_id.hpp"

namespace restante::hub {

/// An attachment is the receiver that queues lock messages for.
using AttachmentId = core::ReceiverId;

/// What receivers get.
using LockedMessages = std::vector<model::LockedMessage>;
using LockedBatches = std::vector<model::LockedFeedback>;

enum class Protocol : std::uint8_t { mqtt, amqp, https };
/// For the log: "mqtt".
std::string_view name(Protocol protocol);

/// How the hub reaches an attached session. Both are called on the hub's loop and only post.
struct DeviceEvents {
    /// A hint: there may be something to receive. Not for a module: messages are for devices.
    std::function<void()> message_available;
    /// The attachment has ended: replaced, or its identity deleted, disabled or given other keys.
    std::function<void(Error)> ended;
};

/// A device, or a module of it, that proved who it is and wants to be reached.
struct AttachRequest {
    AttachmentId id;
    model::DeviceId device;
    std::optional<model::ModuleId> module{};
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
        std::optional<model::ModuleId> module;
        Protocol protocol;
        DeviceEvents events;
        std::string peer;  ///< where it comes from and what it calls itself
        WallTime since{};
        /// Takeovers that led to this one, each within a minute of the one before: two clients that
        /// use one identity and both come back count up here.
        std::size_t takeovers = 0;
    };

    /// One live attachment for each device or module and protocol: the earlier one is returned,
    /// removed.
    std::optional<std::pair<AttachmentId, Attachment>> add(AttachmentId id, Attachment attachment,
                                                           WallTime now);

    std::optional<Attachment> remove(AttachmentId id, WallTime now);

    using Removed = std::vector<std::pair<AttachmentId, Attachment>>;
    /// All attachments of a device and its modules, removed.
    Removed remove_all(const model::DeviceId& device, WallTime now);
    /// Those of the device alone, or of that module.
    Removed remove_of(const model::DeviceId& device, const std::optional<model::ModuleId>& module,
                      WallTime now);

    Attachment* find(AttachmentId id);

    /// `reason`: of its end, or who replaced it.
    void remember(model::ConnectionChange change, const Attachment& attachment, WallTime now,
                  std::string reason);
    const ConnectionHistory& history() const { return history_; }

    /// Returns one of those it woke.
    std::optional<AttachmentId> wake(const model::DeviceId& device) const;
    void wake_all() const;

    struct Observed {
        bool connected = false;
        std::optional<WallTime> changed_at;
        std::optional<WallTime> active_at;  ///< when it last did something
    };
    /// What the registry reports about a device or module since the hub started.
    Observed observe(const model::DeviceId& device,
                     const std::optional<model::ModuleId>& module = {}) const;

    /// The device did something, connected or not.
    void note_activity(const model::DeviceId& device, WallTime now) {
        observed_[{device, std::nullopt}].active_at = now;
    }
    std::size_t connected_devices() const { return connected_devices_; }

    /// The device was deleted, with its modules: nothing about them is remembered.
    void forget(const model::DeviceId& device);
    void forget(const model::DeviceId& device, const model::ModuleId& module) {
        observed_.erase({device, module});
    }

  private:
    /// A device comes before its modules.
    using Client = std::pair<model::DeviceId, std::optional<model::ModuleId>>;

    std::unordered_map<std::uint64_t, Attachment> attachments_;
    std::multimap<Client, AttachmentId> by_client_;
    std::map<Client, Observed> observed_;
    std::size_t connected_devices_ = 0;
    ConnectionHistory history_;
};

}  // namespace restante::hub
