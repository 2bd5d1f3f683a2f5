#pragma once
// The hub's durable memory: turns changes into records and, at the start, records into state.
//
// Owned by the program's top level, used on the hub's loop; callbacks come from the engine's
// thread. Nothing here waits: recover() alone blocks.

#include <functional>
#include <memory>
#include <set>

#include "core/change_set.hpp"
#include "store/store_engine.hpp"

namespace restante::store {

/// What recover() found. A device comes before everything that belongs to it, and messages and
/// feedback come in the order of their numbers.
class Recovery {
  public:
    virtual ~Recovery() = default;
    virtual void device(model::DeviceIdentity identity) = 0;
    virtual void module(const model::DeviceId& device, model::ModuleIdentity identity) = 0;
    virtual void queued(const model::DeviceId& device, const model::QueuedMessage& message) = 0;
    virtual void next_sequence(const model::DeviceId& device, model::SequenceNumber next) = 0;
    virtual void mqtt_subscriptions(const model::DeviceId& device,
                                    model::MqttSubscriptions subscriptions) = 0;
    virtual void feedback_record(core::FeedbackIndex index, model::FeedbackRecord record) = 0;
    virtual void feedback_batch(model::QueuedMessage batch) = 0;
    /// A record that says nothing, or that belongs to no device. It is left where it is.
    virtual void damaged(Table table, BytesView key, const Error& reason) = 0;
};

class Store {
  public:
    using MessageRead =
        std::move_only_function<void(Result<std::shared_ptr<const model::CloudToDeviceMessage>>)>;

    /// The engine outlives the store.
    explicit Store(StoreEngine& engine) : engine_(engine) {}

    /// Writes all changes as one batch, see StoreEngine::commit. Errors: storage_failed.
    void write(const core::ChangeSet& changes, StoreEngine::Committed done);

    /// As those of StoreEngine.
    void resume(StoreEngine::Committed done) { engine_.resume(std::move(done)); }
    bool has_room() { return engine_.has_room(); }

    /// nullptr when the store holds no such message. Errors: storage_failed, malformed.
    void read_message(const model::DeviceId& device, model::SequenceNumber sequence,
                      MessageRead done);

    using FeedbackRead = std::move_only_function<void(Result<std::optional<model::FeedbackBatch>>)>;
    /// As read_message, for the records of a batch.
    void read_feedback(model::SequenceNumber sequence, FeedbackRead done);

    /// Blocks: for programs that read a store without running a hub. Errors: storage_failed,
    /// device_not_found, malformed.
    Result<model::DeviceIdentity> read_device(const model::DeviceId& device);

    /// Reports everything but the messages and the batches themselves. Once, before anything else.
    /// Errors: storage_failed.
    Result<void> recover(Recovery& recovery);

  private:
    StoreEngine& engine_;
    /// Ids under which records lie that belong to no device, because its own record is damaged.
    /// They end when the id gets a new life: another device's messages must not come with it.
    std::set<model::DeviceId> orphaned_;
};

}  // namespace restante::store
