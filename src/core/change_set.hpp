#pragma once
// What a decision changes in the durable state. Decisions append; the store writes one set as one
// atomic batch, so what belongs together (a message's end and the record of it) stays together.

#include <memory>
#include <variant>
#include <vector>

#include "model/cloud_to_device_message.hpp"
#include "model/feedback.hpp"
#include "model/module_identity.hpp"
#include "model/mqtt_subscriptions.hpp"
#include "model/queued_message.hpp"

namespace restante::core {

struct PutDevice {
    model::DeviceIdentity identity;
};

/// The identity, its modules, its subscriptions and its whole queue.
struct DeleteDevice {
    model::DeviceId device;
};

struct PutModule {
    model::DeviceId device;
    model::ModuleIdentity identity;
};

struct DeleteModule {
    model::DeviceId device;
    model::ModuleId module;
};

/// A message enters its queue: what is decided upon, and the message itself.
struct PutMessage {
    model::DeviceId device;
    model::QueuedMessage queued;
    std::shared_ptr<const model::CloudToDeviceMessage> message;
};

/// What is known of a waiting message changed (its delivery count); the message itself never does.
struct UpdateMessage {
    model::DeviceId device;
    model::QueuedMessage queued;
};

struct DeleteMessage {
    model::DeviceId device;
    model::SequenceNumber sequence;
};

/// Written when a queue becomes empty, so that no sequence number is used twice after a restart.
struct PutNextSequence {
    model::DeviceId device;
    model::SequenceNumber next;
};

/// The stored session of an MQTT client; an empty list ends it.
struct PutMqttSubscriptions {
    model::DeviceId device;
    model::MqttSubscriptions subscriptions;
};

/// Place of a record among those that wait for their batch: ascending, free again once none waits.
struct FeedbackIndex {
    std::uint64_t value = 0;
};

/// A sender is to hear how its message ended. In the set that ends the message.
struct PutFeedbackRecord {
    FeedbackIndex index;
    model::FeedbackRecord record;
};

struct DeleteFeedbackRecord {
    FeedbackIndex index;
};

/// Records have become a batch.
struct PutFeedbackBatch {
    model::QueuedMessage queued;
    std::shared_ptr<const model::FeedbackBatch> records;
};

/// As UpdateMessage.
struct UpdateFeedbackBatch {
    model::QueuedMessage queued;
};

struct DeleteFeedbackBatch {
    model::SequenceNumber sequence;
};

using Change =
    std::variant<PutDevice, DeleteDevice, PutModule, DeleteModule, PutMessage, UpdateMessage,
                 DeleteMessage, PutNextSequence, PutMqttSubscriptions, PutFeedbackRecord,
                 DeleteFeedbackRecord, PutFeedbackBatch, UpdateFeedbackBatch, DeleteFeedbackBatch>;

using ChangeSet = std::vector<Change>;

}  // namespace restante::core
