#include "core/hub_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/timestamp.hpp"
#include "model/limits.hpp"

namespace restante::core {

using model::DeviceId;
using model::DeviceIdentity;
using model::LockToken;
using model::SequenceNumber;

// -- recovery ------------------------------------------------------------------------------------

void HubState::recover(DeviceIdentity identity) {
    last_version_ = std::max(last_version_, identity.version);
    std::int64_t generation = 0;
    const char* end = identity.generation_id.data() + identity.generation_id.size();
    std::from_chars(identity.generation_id.data(), end, generation);
    last_generation_ = std::max(last_generation_, generation);
    DeviceId id = identity.id;
    devices_.try_emplace(std::move(id), std::move(identity));
}

void HubState::recover(const DeviceId& id, const model::QueuedMessage& queued) {
    if (Device* device = find_device(id)) {
        device->queue.recover(queued);
        schedule(*device);
    }
}

void HubState::recover(const DeviceId& id, SequenceNumber next) {
    if (Device* device = find_device(id)) device->queue.recover(next);
}

void HubState::recover(const DeviceId& id, model::MqttSubscriptions subscriptions) {
    if (Device* device = find_device(id)) device->subscriptions = std::move(subscriptions);
}

// -- registry ------------------------------------------------------------------------------------

Result<DeviceIdentity> HubState::put_device(model::DeviceDefinition definition,
                                            WriteCondition condition, FreshKeys fresh, Now now,
                                            ChangeSet& changes) {
    using Kind = WriteCondition::Kind;
    Device* present = find_device(definition.id);
    if (present && condition.kind == Kind::create_only) {
        return fail(
            ErrorCode::device_already_exists,
            fmt::format("A device with ID '{}' is already registered.", definition.id.value()));
    }
    if (!present && condition.kind != Kind::create_only) {
        return fail(ErrorCode::device_not_found, definition.id.value());
    }
    if (present && condition.kind == Kind::update_if_version &&
        condition.version != present->identity.version) {
        return fail(ErrorCode::precondition_failed,
                    fmt::format("Precondition failed: Device version did not match, "
                                "existingVersion:{} newVersion:{}",
                                present->identity.version, condition.version));
    }
    if (!present && devices_.size() >= model::limits::devices_max) {
        return fail(
            ErrorCode::too_many_devices,
            fmt::format("the hub holds its maximum of {} devices", model::limits::devices_max));
    }
    auto completed = complete_definition(std::move(definition), std::move(fresh));
    if (!completed) return std::unexpected(completed.error());

    const bool status_changed = !present || present->identity.status != completed->status;
    DeviceIdentity identity{
        .id = completed->id,
        .generation_id = present ? present->identity.generation_id : next_generation(now),
        .version = ++last_version_,
        .status = completed->status,
        .status_reason = std::move(completed->status_reason),
        .status_updated_at = present ? present->identity.status_updated_at : std::nullopt,
        .authentication = std::move(completed->authentication),
        .iot_edge = completed->iot_edge};
    if (present && status_changed) identity.status_updated_at = now.wall;
    changes.push_back(PutDevice{.identity = identity});
    if (present) {
        present->identity = identity;
    } else {
        DeviceId id = identity.id;
        devices_.try_emplace(std::move(id), identity);
    }
    return identity;
}

Result<void> HubState::delete_device(const DeviceId& id, std::optional<std::uint64_t> expected,
                                     ChangeSet& changes) {
    const auto device = require(id);
    if (!device) return std::unexpected(device.error());
    if (expected && *expected != (*device)->identity.version) {
        return fail(ErrorCode::precondition_failed, "PreconditionFailed, ETag may be invalid.");
    }
    expiries_.move(*device, (*device)->expiry, std::nullopt);
    lock_ends_.move(*device, (*device)->lock_end, std::nullopt);
    changes.push_back(DeleteDevice{.device = id});
    feedback_.forget(id, changes);
    devices_.erase(id);
    return {};
}

const DeviceIdentity* HubState::find(const DeviceId& id) const {
    const auto found = devices_.find(id);
    return found == devices_.end() ? nullptr : &found->second.identity;
}

std::size_t HubState::queue_size(const DeviceId& id) const {
    const auto found = devices_.find(id);
    return found == devices_.end() ? 0 : found->second.queue.size();
}

std::vector<DeviceIdentity> HubState::list(std::size_t max) const {
    std::vector<DeviceIdentity> identities;
    identities.reserve(std::min(max, devices_.size()));
    for (const auto& [id, device] : devices_) {
        if (identities.size() == max) break;
        identities.push_back(device.identity);
    }
    return identities;
}

// -- queue ---------------------------------------------------------------------------------------

/// One operation on a device's queue. What ended in it becomes feedback in the same changes.
template <class Decide>
auto HubState::on_queue(Device& device, Now now, ChangeSet& changes, Decide decide) {
    EndedMessages ended;
    auto result =
        decide(device.queue,
               QueueContext{.rules = rules_, .now = now, .changes = changes, .ended = ended});
    report(device, ended, now, changes);
    schedule(device);
    return result;
}

template <class Decide>
Result<void> HubState::settle(const DeviceId& id, Now now, ChangeSet& changes, Decide decide) {
    const auto device = require(id);
    if (!device) return std::unexpected(device.error());
    return on_queue(**device, now, changes, decide);
}

Result<SequenceNumber> HubState::enqueue(const DeviceId& id,
                                         std::shared_ptr<const model::CloudToDeviceMessage> message,
                                         Now now, ChangeSet& changes) {
    const auto device = require(id);
    if (!device) return std::unexpected(device.error());
    if ((*device)->identity.status == model::DeviceStatus::disabled) {
        return fail(ErrorCode::device_not_found, id.value());
    }
    if (auto checked = model::check(*message, now.wall); !checked) {
        return std::unexpected(checked.error());
    }
    return on_queue(**device, now, changes, [&](DeviceQueue& queue, const QueueContext& context) {
        return queue.enqueue(std::move(message), context);
    });
}

std::vector<model::LockedMessage> HubState::receive(const DeviceId& id, const ReceiveOrder& order,
                                                    Now now, ChangeSet& changes) {
    Device* device = find_device(id);
    if (!device || device->identity.status == model::DeviceStatus::disabled) return {};
    return on_queue(*device, now, changes, [&](DeviceQueue& queue, const QueueContext& context) {
        return queue.receive(order, last_serial_, context);
    });
}

Result<void> HubState::complete(const DeviceId& id, LockToken token, LateSettlement late, Now now,
                                ChangeSet& changes) {
    return settle(id, now, changes, [&](DeviceQueue& queue, const QueueContext& context) {
        return queue.complete(token, late, context);
    });
}

Result<void> HubState::abandon(const DeviceId& id, LockToken token, Now now, ChangeSet& changes) {
    return settle(id, now, changes, [&](DeviceQueue& queue, const QueueContext& context) {
        return queue.abandon(token, context);
    });
}

Result<void> HubState::reject(const DeviceId& id, LockToken token, Now now, ChangeSet& changes) {
    return settle(id, now, changes, [&](DeviceQueue& queue, const QueueContext& context) {
        return queue.reject(token, context);
    });
}

Result<std::size_t> HubState::purge(const DeviceId& id, Now now, ChangeSet& changes) {
    const auto device = require(id);
    if (!device) return std::unexpected(device.error());
    return on_queue(**device, now, changes, [](DeviceQueue& queue, const QueueContext& context) {
        return queue.purge(context);
    });
}

bool HubState::release(const DeviceId& id, ReceiverId receiver, Now now, ChangeSet& changes) {
    Device* device = find_device(id);
    if (!device) return false;
    return on_queue(*device, now, changes, [&](DeviceQueue& queue, const QueueContext& context) {
        return queue.release(receiver, context);
    });
}

// -- MQTT sessions -------------------------------------------------------------------------------

const model::MqttSubscriptions* HubState::subscriptions(const DeviceId& id) const {
    const auto found = devices_.find(id);
    if (found == devices_.end() || found->second.subscriptions.empty()) return nullptr;
    return &found->second.subscriptions;
}

Result<void> HubState::put_subscriptions(const DeviceId& id, model::MqttSubscriptions subscriptions,
                                         ChangeSet& changes) {
    const auto device = require(id);
    if (!device) return std::unexpected(device.error());
    if ((*device)->subscriptions == subscriptions) return {};
    (*device)->subscriptions = subscriptions;
    changes.push_back(
        PutMqttSubscriptions{.device = id, .subscriptions = std::move(subscriptions)});
    return {};
}

// -- time ----------------------------------------------------------------------------------------

std::vector<DeviceId> HubState::advance(Now now, ChangeSet& changes) {
    std::vector<DeviceId> deliverable;
    feedback_.advance(now, changes);
    while (true) {
        auto due = expiries_.due(now.wall);
        if (!due) due = lock_ends_.due(now.steady);
        if (!due) return deliverable;
        Device& device = **due;
        const bool returned = on_queue(
            device, now, changes,
            [](DeviceQueue& queue, const QueueContext& context) { return queue.advance(context); });
        if (returned) deliverable.push_back(device.identity.id);
    }
}

std::optional<WallTime> HubState::next_expiry() const {
    const auto message = expiries_.earliest();
    const auto feedback = feedback_.next_expiry();
    return message && feedback ? std::min(*message, *feedback) : (message ? message : feedback);
}

std::optional<SteadyTime> HubState::next_due() const {
    const auto lock = lock_ends_.earliest();
    const auto feedback = feedback_.next_due();
    return lock && feedback ? std::min(*lock, *feedback) : (lock ? lock : feedback);
}

// -- feedback ------------------------------------------------------------------------------------

bool HubState::concerns_someone(const model::FeedbackRecord& record) const {
    const auto* identity = find(record.device);
    return identity && identity->generation_id == record.generation_id;
}

void HubState::report(const Device& device, const EndedMessages& ended, Now now,
                      ChangeSet& changes) {
    for (const auto& message : ended) {
        if (!model::wants_feedback(message.queued.ack, message.status)) continue;
        feedback_.append({.device = device.identity.id,
                          .generation_id = device.identity.generation_id,
                          .original_message_id = message.queued.message_id,
                          .ended_at = now.wall,
                          .status = message.status},
                         now, changes);
    }
}

// -- inside --------------------------------------------------------------------------------------

HubState::Device* HubState::find_device(const DeviceId& id) {
    const auto found = devices_.find(id);
    return found == devices_.end() ? nullptr : &found->second;
}

Result<HubState::Device*> HubState::require(const DeviceId& id) {
    if (Device* device = find_device(id)) return device;
    return fail(ErrorCode::device_not_found, id.value());
}

void HubState::schedule(Device& device) {
    expiries_.move(&device, device.expiry, device.queue.next_expiry());
    lock_ends_.move(&device, device.lock_end, device.queue.next_lock_end());
}

/// The service's form: ticks of 100 ns since the year 1. Always above the last one, so that a
/// device deleted and created within a millisecond still gets a new life.
std::string HubState::next_generation(Now now) {
    constexpr std::int64_t ticks_at_unix_epoch = 621'355'968'000'000'000;
    const std::int64_t ticks = unix_milliseconds(now.wall) * 10'000 + ticks_at_unix_epoch;
    last_generation_ = std::max(last_generation_ + 1, ticks);
    return fmt::to_string(last_generation_);
}

}  // namespace restante::core
