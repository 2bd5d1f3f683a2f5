#include "core/hub_state.hpp"

#include <algorithm>
#include <charconv>

namespace restante::core {

using model::DeviceId;
using model::DeviceIdentity;
using model::LockToken;
using model::SequenceNumber;

// -- recovery ------------------------------------------------------------------------------------

void HubState::recover(DeviceIdentity identity) {
    recover_counters(identity.version, identity.generation_id);
    counts_.enabled += identity.status == model::DeviceStatus::enabled;
    ++counts_.devices;
    DeviceId id = identity.id;
    // The store tells them in order, so each belongs behind the last.
    devices_.try_emplace(devices_.end(), std::move(id), std::move(identity));
}

void HubState::recover(const DeviceId& id, model::ModuleIdentity module) {
    Device* device = find_device(id);
    if (!device) return;
    recover_counters(module.version, module.generation_id);
    ++counts_.modules;
    device->modules.put(std::move(module));
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

void HubState::recover_counters(std::uint64_t version, std::string_view generation_id) {
    last_version_ = std::max(last_version_, version);
    std::int64_t generation = 0;
    std::from_chars(generation_id.data(), generation_id.data() + generation_id.size(), generation);
    last_generation_ = std::max(last_generation_, generation);
}

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

}  // namespace restante::core
