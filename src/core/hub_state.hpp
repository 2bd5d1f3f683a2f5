#pragma once
// Everything a hub decides upon, as one value: identities, their queues, their MQTT sessions,
// the feedback on their messages.
//
// Pure: time comes in, changes for the store and answers go out. Used by one thread, the hub's
// loop. What it decides depends on nothing outside it, so a hub could own one such state for each
// part of its devices.

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/deadline_index.hpp"
#include "core/device_state.hpp"
#include "core/feedback/feedback_queue.hpp"
#include "core/registry/identity_rules.hpp"

namespace restante::core {

class HubState {
  public:
    /// `incarnation` differs for each run of the hub, so that no lock token of an earlier run
    /// means anything in this one.
    HubState(HubRules rules, std::uint32_t incarnation)
        : rules_(rules.queue),
          last_serial_(static_cast<std::uint64_t>(incarnation) << 32),
          feedback_(rules.feedback) {}

    // -- recovery: what the store held, devices before what belongs to them ------------------
    void recover(model::DeviceIdentity identity);
    void recover(const model::DeviceId& device, model::ModuleIdentity module);
    void recover(const model::DeviceId& device, const model::QueuedMessage& queued);
    void recover(const model::DeviceId& device, model::SequenceNumber next);
    void recover(const model::DeviceId& device, model::MqttSubscriptions subscriptions);

    // -- registry ----------------------------------------------------------------------------
    /// Errors: those of complete_definition and decide_scopes, device_already_exists,
    /// device_not_found, precondition_failed, too_many_devices.
    Result<model::DeviceIdentity> put_device(model::DeviceDefinition definition,
                                             WriteCondition condition, FreshKeys fresh, Now now,
                                             ChangeSet& changes);
    /// Errors: device_not_found, precondition_failed (a version other than `expected`).
    Result<void> delete_device(const model::DeviceId& device, std::optional<std::uint64_t> expected,
                               ChangeSet& changes);
    /// nullptr when there is none. Valid until the next call that changes the registry.
    const model::DeviceIdentity* find(const model::DeviceId& device) const;
    const model::ModuleIdentity* find(const model::DeviceId& device,
                                      const model::ModuleId& module) const;
    std::size_t queue_size(const model::DeviceId& device) const;
    /// Visits devices in the order of their ids, `from` on, until `visit` returns false.
    using Modules = std::span<const model::ModuleIdentity>;
    using Visitor = std::function<bool(const model::DeviceIdentity&, Modules)>;
    void visit(const model::DeviceId* from, const Visitor& visit) const;

    /// Errors: device_not_found, those of complete_authentication, module_already_exists_on_device,
    /// module_not_found, precondition_failed, too_many_devices, too_many_modules_on_device.
    Result<model::ModuleIdentity> put_module(model::ModuleDefinition definition,
                                             WriteCondition condition, FreshKeys fresh, Now now,
                                             ChangeSet& changes);
    /// Errors: device_not_found, module_not_found, precondition_failed,
    /// system_module_modify_unauthorized.
    Result<void> delete_module(const model::DeviceId& device, const model::ModuleId& module,
                               std::optional<std::uint64_t> expected, ChangeSet& changes);
    /// In the order of their ids; empty when there is no such device. As find(), also for validity.
    Modules modules(const model::DeviceId& device) const;

    struct Counts {
        std::size_t devices = 0, enabled = 0, modules = 0;
    };
    const Counts& counts() const { return counts_; }

    // -- queue -------------------------------------------------------------------------------
    /// Errors: device_not_found (also when disabled), those of model::check, and
    /// device_maximum_queue_depth_exceeded.
    Result<model::SequenceNumber> enqueue(
        const model::DeviceId& device, std::shared_ptr<const model::CloudToDeviceMessage> message,
        Now now, ChangeSet& changes);
    /// Empty when nothing is deliverable or the device is gone.
    std::vector<model::LockedMessage> receive(const model::DeviceId& device,
                                              const ReceiveOrder& order, Now now,
                                              ChangeSet& changes);
    const QueueRules& queue_rules() const { return rules_; }
    /// Errors of the three: device_not_found, device_message_lock_lost.
    Result<void> complete(const model::DeviceId& device, model::LockToken token,
                          LateSettlement late, Now now, ChangeSet& changes);
    Result<void> abandon(const model::DeviceId& device, model::LockToken token, Now now,
                         ChangeSet& changes);
    Result<void> reject(const model::DeviceId& device, model::LockToken token, Now now,
                        ChangeSet& changes);
    /// The number of messages that were there. Errors: device_not_found.
    Result<std::size_t> purge(const model::DeviceId& device, Now now, ChangeSet& changes);
    /// True when messages became deliverable again.
    bool release(const model::DeviceId& device, ReceiverId receiver, Now now, ChangeSet& changes);

    // -- feedback: errors are those of FeedbackQueue -----------------------------------------
    std::vector<model::LockedMessage> receive_feedback(std::size_t max, ReceiverId receiver,
                                                       Now now, ChangeSet& changes) {
        return feedback_.receive(max, receiver, last_serial_, now, changes);
    }
    FeedbackQueue& feedback() { return feedback_; }
    /// Whether a record still concerns a device that lives: its feedback goes with it.
    bool concerns_someone(const model::FeedbackRecord& record) const;

    // -- MQTT sessions -----------------------------------------------------------------------
    /// nullptr when the device has none, or none that was kept.
    const model::MqttSubscriptions* subscriptions(const model::DeviceId& device) const;
    /// An empty list ends the stored session. Errors: device_not_found.
    Result<void> put_subscriptions(const model::DeviceId& device,
                                   model::MqttSubscriptions subscriptions, ChangeSet& changes);

    // -- time --------------------------------------------------------------------------------
    /// When advance() has something to do, on each clock.
    std::optional<WallTime> next_expiry() const;
    std::optional<SteadyTime> next_due() const;
    /// Ends what is due and names the devices that have deliverable messages again.
    std::vector<model::DeviceId> advance(Now now, ChangeSet& changes);

  private:
    using Device = DeviceState;

    Device* find_device(const model::DeviceId& device);
    Result<Device*> require(const model::DeviceId& device);
    template <class Decide>
    auto on_queue(Device& device, Now now, ChangeSet& changes, Decide decide);
    template <class Decide>
    Result<void> settle(const model::DeviceId& device, Now now, ChangeSet& changes, Decide decide);
    void report(const Device& device, const EndedMessages& ended, Now now, ChangeSet& changes);
    void schedule(Device& device);
    void recover_counters(std::uint64_t version, std::string_view generation_id);
    Result<void> check_room() const;
    bool is_scope_of_edge(std::string_view scope) const;
    void put_system_modules(Device& device, Now now, ChangeSet& changes);
    void delete_system_modules(Device& device, ChangeSet& changes);
    std::string next_generation(Now now);

    QueueRules rules_;
    std::uint64_t last_serial_;
    std::uint64_t last_version_ = 0;
    std::int64_t last_generation_ = 0;
    std::map<model::DeviceId, Device> devices_;
    Counts counts_;
    DeadlineIndex<WallTime, Device*> expiries_;
    DeadlineIndex<SteadyTime, Device*> lock_ends_;
    FeedbackQueue feedback_;
};

}  // namespace restante::core
