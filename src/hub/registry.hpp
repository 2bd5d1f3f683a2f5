#pragma once
// The hub's operations on identities: a part of Hub in a class of its own.
//
// Owned by Hub, used as Hub is: any thread may call, the work runs on the hub's loop, answers come
// from there. Errors are those of HubState.

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "core/hub_state.hpp"
#include "core/query/execution.hpp"
#include "hub/identity_watches.hpp"
#include "model/connection_event.hpp"
#include "model/key_rotation.hpp"
#include "model/registry_write.hpp"

namespace restante::hub {

class Hub;

template <class T>
using Answer = std::move_only_function<void(Result<T>)>;

struct RegistryCounts {
    std::size_t devices = 0;
    std::size_t enabled = 0;
    std::size_t connected = 0;
};

struct DeviceList {
    std::vector<model::DeviceDescription> devices;  ///< in the order of their ids
    bool more = false;                              ///< there are some behind them
};

/// Keys of a device or a module that were made anew, or why not.
struct RotatedKeys {
    model::DeviceId device;
    std::optional<model::ModuleId> module;
    Result<model::SymmetricKey> keys;
};

/// An entry of a bulk request that was not done.
struct FailedWrite {
    model::DeviceId device;
    std::optional<model::ModuleId> module;
    Error error;
};

class Registry {
  public:
    explicit Registry(Hub& hub) : hub_(hub) {}

    // -- devices -----------------------------------------------------------------------------
    void put_device(model::DeviceDefinition definition, core::WriteCondition condition,
                    Answer<model::DeviceDescription> answer);
    void delete_device(model::DeviceId device, std::optional<std::uint64_t> expected_version,
                       Answer<void> answer);
    void find_device(model::DeviceId device, Answer<model::DeviceDescription> answer);
    /// The first `max`, or those `behind` a device, which need not be there.
    void list_devices(std::size_t max, std::optional<model::DeviceId> behind,
                      Answer<DeviceList> answer);

    // -- modules -----------------------------------------------------------------------------
    void put_module(model::ModuleDefinition definition, core::WriteCondition condition,
                    Answer<model::ModuleDescription> answer);
    void delete_module(model::DeviceId device, model::ModuleId module,
                       std::optional<std::uint64_t> expected_version, Answer<void> answer);
    /// With its keys and its device's status: what a module's own proof is checked against.
    /// Errors: device_not_found, module_not_found.
    void find_module(model::DeviceId device, model::ModuleId module,
                     Answer<model::ModuleDescription> answer);
    /// Errors: device_not_found.
    void list_modules(model::DeviceId device, Answer<std::vector<model::ModuleDescription>> answer);

    // -- many --------------------------------------------------------------------------------
    /// One after the other, each done or failed for itself, all that is done in one commit; none
    /// when the tier does not allow as many. Errors: throttled.
    void apply(std::vector<model::RegistryWrite> writes, Answer<std::vector<FailedWrite>> answer);
    /// New keys, each place for itself, all in one commit. What is connected by an old key ends.
    /// Errors of one: device_not_found, module_not_found, argument_invalid (it has no keys).
    void rotate_keys(model::KeyRotation rotation, Answer<std::vector<RotatedKeys>> answer);
    void count(Answer<RegistryCounts> answer);
    /// The latest `max` events of connections, of all or of one device and its modules.
    void list_connection_events(std::optional<model::DeviceId> device, std::size_t max,
                                Answer<std::vector<model::ConnectionEvent>> answer);
    /// One page, made in slices between which the loop serves everyone else. Errors: those of
    /// Execution::finish, throttled.
    void query(core::query::Query query, std::size_t items_max, core::query::Position from,
               Answer<core::query::Page> answer);

    // -- proofs ------------------------------------------------------------------------------
    /// Watches over an identity that proved itself; ends at once if it has changed since.
    [[nodiscard]] IdentityWatch watch(WatchRequest request);

  private:
    friend class Hub;
    friend class IdentityWatch;
    struct QueryJob;
    void run_slice(std::unique_ptr<QueryJob> job);
    Result<void> write(model::RegistryWrite& entry, core::ChangeSet& changes);
    bool is_there(const model::RegistryWrite& entry) const;
    Result<model::SymmetricKey> rotate(model::WhichKeys which, const model::KeyPlace& place,
                                       core::ChangeSet& changes);
    template <class T, class Decide>
    void answer_after_commit(Answer<T> answer, Decide decide);
    Result<model::DeviceDescription> put(model::DeviceDefinition definition,
                                         core::WriteCondition condition, core::ChangeSet& changes);
    Result<void> remove(const model::DeviceId& device, std::optional<std::uint64_t> expected,
                        core::ChangeSet& changes);
    Result<model::ModuleDescription> put(model::ModuleDefinition definition,
                                         core::WriteCondition condition, core::ChangeSet& changes);
    Result<void> remove(const model::DeviceId& device, const model::ModuleId& module,
                        std::optional<std::uint64_t> expected, core::ChangeSet& changes);
    void unwatch(std::uint64_t watch);
    /// What was proved may have changed on the way here.
    Result<void> check_proof(const model::DeviceId& device,
                             const std::optional<model::ModuleId>& module,
                             std::uint64_t version) const;
    void end_deleted_modules(std::size_t first, core::ChangeSet& changes);
    void end_module(const model::DeviceId& device, const model::ModuleId& module,
                    core::ChangeSet& changes);
    void end_what_lost_its_proof(const model::DeviceIdentity& before,
                                 const model::DeviceIdentity& after, core::ChangeSet& changes);
    void end_what_lost_its_proof(const model::DeviceId& device, const model::ModuleIdentity& before,
                                 const model::ModuleIdentity& after, core::ChangeSet& changes);
    /// Ends what stands on any proof of the device and its modules.
    void end_all(const model::DeviceId& device, const Error& reason, core::ChangeSet& changes);
    /// Of the device alone, or of that module.
    void end_of(const model::DeviceId& device, const std::optional<model::ModuleId>& module,
                const Error& reason, core::ChangeSet& changes);
    model::DeviceDescription describe(model::DeviceIdentity identity) const;
    model::ModuleDescription describe(const model::DeviceIdentity& device,
                                      model::ModuleIdentity module) const;

    Hub& hub_;
    std::size_t queries_ = 0;  ///< under way
    IdentityWatches watches_;
    std::atomic<std::uint64_t> next_watch_{1};
};

}  // namespace restante::hub
