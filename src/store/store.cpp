#include "store/store.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/keys.hpp"
#include "store/records.hpp"

namespace restante::store {
namespace {

using model::DeviceId;

void remove_belongings(const DeviceId& device, WriteBatch& batch) {
    batch.remove(Table::mqtt_subscriptions, device_key(device));
    batch.remove(Table::sequences, device_key(device));
    batch.remove_prefix(Table::modules, device_key_prefix(device));
    batch.remove_prefix(Table::queue, device_key_prefix(device));
    batch.remove_prefix(Table::messages, device_key_prefix(device));
}

/// One change as operations of a batch.
class ChangeWriter {
  public:
    ChangeWriter(WriteBatch& batch, std::set<DeviceId>& orphaned)
        : batch_(batch), orphaned_(orphaned) {}

    void operator()(const core::PutDevice& change) {
        const DeviceId& id = change.identity.id;
        if (orphaned_.erase(id) > 0) remove_belongings(id, batch_);
        batch_.put(Table::devices, device_key(id), encode(change.identity));
    }
    void operator()(const core::DeleteDevice& change) {
        batch_.remove(Table::devices, device_key(change.device));
        remove_belongings(change.device, batch_);
    }
    void operator()(const core::PutModule& change) {
        batch_.put(Table::modules, module_key(change.device, change.identity.id),
                   encode(change.identity));
    }
    void operator()(const core::DeleteModule& change) {
        batch_.remove(Table::modules, module_key(change.device, change.module));
    }
    void operator()(const core::PutMessage& change) {
        const Bytes key = message_key(change.device, change.queued.sequence);
        batch_.put(Table::queue, key, encode(change.queued));
        batch_.put(Table::messages, key, encode(*change.message));
    }
    void operator()(const core::UpdateMessage& change) {
        batch_.put(Table::queue, message_key(change.device, change.queued.sequence),
                   encode(change.queued));
    }
    void operator()(const core::DeleteMessage& change) {
        const Bytes key = message_key(change.device, change.sequence);
        batch_.remove(Table::queue, key);
        batch_.remove(Table::messages, key);
    }
    void operator()(const core::PutNextSequence& change) {
        batch_.put(Table::sequences, device_key(change.device), encode(change.next));
    }
    void operator()(const core::PutMqttSubscriptions& change) {
        if (change.subscriptions.empty()) {
            batch_.remove(Table::mqtt_subscriptions, device_key(change.device));
        } else {
            batch_.put(Table::mqtt_subscriptions, device_key(change.device),
                       encode(change.subscriptions));
        }
    }
    void operator()(const core::PutFeedbackRecord& change) {
        batch_.put(Table::feedback_records, feedback_key(change.index.value),
                   encode(change.record));
    }
    void operator()(const core::DeleteFeedbackRecord& change) {
        batch_.remove(Table::feedback_records, feedback_key(change.index.value));
    }
    void operator()(const core::PutFeedbackBatch& change) {
        const Bytes key = feedback_key(change.queued.sequence.value);
        batch_.put(Table::feedback_queue, key, encode(change.queued));
        batch_.put(Table::feedback_batches, key, encode(*change.records));
    }
    void operator()(const core::UpdateFeedbackBatch& change) {
        batch_.put(Table::feedback_queue, feedback_key(change.queued.sequence.value),
                   encode(change.queued));
    }
    void operator()(const core::DeleteFeedbackBatch& change) {
        const Bytes key = feedback_key(change.sequence.value);
        batch_.remove(Table::feedback_queue, key);
        batch_.remove(Table::feedback_batches, key);
    }

  private:
    WriteBatch& batch_;
    std::set<DeviceId>& orphaned_;
};

/// One pass over the tables, devices first.
class Recoverer {
  public:
    Recoverer(StoreEngine& engine, Recovery& recovery, std::set<DeviceId>& orphaned)
        : engine_(engine), recovery_(recovery), orphaned_(orphaned) {}

    Result<void> run() {
        auto result = scan(Table::devices, &Recoverer::device);
        if (result) result = scan(Table::modules, &Recoverer::module);
        if (result) result = scan(Table::sequences, &Recoverer::next_sequence);
        if (result) result = scan(Table::queue, &Recoverer::queued);
        if (result) result = scan(Table::mqtt_subscriptions, &Recoverer::mqtt_subscriptions);
        if (result) result = scan(Table::feedback_records, &Recoverer::feedback_record);
        if (result) result = scan(Table::feedback_queue, &Recoverer::feedback_batch);
        return result;
    }

  private:
    using Step = Result<void> (Recoverer::*)(BytesView key, BytesView record);

    Result<void> scan(Table table, Step step) {
        return engine_.scan(table, {}, [&](BytesView key, BytesView record) {
            if (auto read = (this->*step)(key, record); !read) {
                recovery_.damaged(table, key, read.error());
            }
            return true;
        });
    }

    Result<void> device(BytesView key, BytesView record) {
        auto id = parse_device_key(key);
        if (!id) return std::unexpected(id.error());
        auto identity = decode_device_identity(*id, record);
        if (!identity) {
            orphaned_.insert(*id);
            return std::unexpected(identity.error());
        }
        // In the order of the ids, as the engine scans in the order of the keys.
        devices_.push_back(std::move(*id));
        recovery_.device(std::move(*identity));
        return {};
    }

    Result<void> module(BytesView key, BytesView record) {
        auto parsed = parse_module_key(key);
        if (!parsed) return std::unexpected(parsed.error());
        if (auto id = owner(parsed->device); !id) return std::unexpected(id.error());
        auto identity = decode_module_identity(std::move(parsed->module), record);
        if (!identity) return std::unexpected(identity.error());
        recovery_.module(parsed->device, std::move(*identity));
        return {};
    }

    Result<void> next_sequence(BytesView key, BytesView record) {
        const auto id = owner(parse_device_key(key));
        if (!id) return std::unexpected(id.error());
        const auto next = decode_next_sequence(record);
        if (!next) return std::unexpected(next.error());
        recovery_.next_sequence(*id, *next);
        return {};
    }

    Result<void> queued(BytesView key, BytesView record) {
        const auto parsed = parse_message_key(key);
        if (!parsed) return std::unexpected(parsed.error());
        const auto& [device, sequence] = *parsed;
        if (auto id = owner(device); !id) return std::unexpected(id.error());
        const auto message = decode_queued_message(sequence, record);
        if (!message) {
            // The number is taken all the same: a new message must not get this one's place.
            if (sequence.value + 1 > sequence.value) {
                recovery_.next_sequence(device, {sequence.value + 1});
            }
            return std::unexpected(message.error());
        }
        recovery_.queued(device, *message);
        return {};
    }

    Result<void> mqtt_subscriptions(BytesView key, BytesView record) {
        const auto id = owner(parse_device_key(key));
        if (!id) return std::unexpected(id.error());
        auto subscriptions = decode_mqtt_subscriptions(record);
        if (!subscriptions) return std::unexpected(subscriptions.error());
        recovery_.mqtt_subscriptions(*id, std::move(*subscriptions));
        return {};
    }

    Result<void> feedback_record(BytesView key, BytesView record) {
        const auto index = parse_feedback_key(key);
        if (!index) return std::unexpected(index.error());
        auto feedback = decode_feedback_record(record);
        if (!feedback) return std::unexpected(feedback.error());
        recovery_.feedback_record({*index}, std::move(*feedback));
        return {};
    }

    Result<void> feedback_batch(BytesView key, BytesView record) {
        const auto sequence = parse_feedback_key(key);
        if (!sequence) return std::unexpected(sequence.error());
        auto batch = decode_queued_message({*sequence}, record);
        if (!batch) return std::unexpected(batch.error());
        recovery_.feedback_batch(std::move(*batch));
        return {};
    }

    Result<DeviceId> owner(Result<DeviceId> id) {
        if (!id || std::ranges::binary_search(devices_, *id)) return id;
        orphaned_.insert(*id);
        return fail(ErrorCode::device_not_found, "the record belongs to no known device");
    }

    StoreEngine& engine_;
    Recovery& recovery_;
    std::set<DeviceId>& orphaned_;
    std::vector<DeviceId> devices_;
};

}  // namespace

void Store::write(const core::ChangeSet& changes, StoreEngine::Committed done) {
    WriteBatch batch;
    ChangeWriter writer(batch, orphaned_);
    for (const auto& change : changes) std::visit(writer, change);
    engine_.commit(std::move(batch), std::move(done));
}

void Store::read_message(const model::DeviceId& device, model::SequenceNumber sequence,
                         MessageRead done) {
    using Shared = std::shared_ptr<const model::CloudToDeviceMessage>;
    engine_.get(Table::messages, message_key(device, sequence),
                [done = std::move(done)](Result<std::optional<Bytes>> record) mutable {
                    if (!record) return done(std::unexpected(std::move(record).error()));
                    if (!*record) return done(Shared());
                    auto message = decode_message(**record);
                    if (!message) return done(std::unexpected(std::move(message).error()));
                    done(std::make_shared<const model::CloudToDeviceMessage>(std::move(*message)));
                });
}

void Store::read_feedback(model::SequenceNumber sequence, FeedbackRead done) {
    using Batch = std::optional<model::FeedbackBatch>;
    engine_.get(Table::feedback_batches, feedback_key(sequence.value),
                [done = std::move(done)](Result<std::optional<Bytes>> record) mutable {
                    if (!record) return done(std::unexpected(std::move(record).error()));
                    if (!*record) return done(Batch());
                    auto batch = decode_feedback_batch(**record);
                    if (!batch) return done(std::unexpected(std::move(batch).error()));
                    done(Batch(std::move(*batch)));
                });
}

Result<model::DeviceIdentity> Store::read_device(const model::DeviceId& device) {
    const Bytes wanted = device_key(device);
    Result<model::DeviceIdentity> found =
        fail(ErrorCode::device_not_found, "the hub has no device '" + device.value() + "'");
    // The exact key is the first of those that begin with it.
    const auto scanned = engine_.scan(Table::devices, wanted, [&](BytesView key, BytesView value) {
        if (as_text(key) == as_text(wanted)) found = decode_device_identity(device, value);
        return false;
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

Result<void> Store::recover(Recovery& recovery) {
    return Recoverer(engine_, recovery, orphaned_).run();
}

}  // namespace restante::store
