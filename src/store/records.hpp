#pragma once
// What the values of the tables hold: docs/formats/records.md, byte for byte.
//
// A record starts with its version. What its key says (device id, sequence number) is not said
// again. Each value has one encoding: encode(decode(bytes)) == bytes. Records carry no checksum of
// their own, because the engine checks every log record and every block it reads, and a change in
// between would be our own fault and change a checksum made there just as well.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/feedback.hpp"
#include "model/module_identity.hpp"
#include "model/mqtt_subscriptions.hpp"
#include "model/queued_message.hpp"

namespace restante::store {

Bytes encode(const model::DeviceIdentity& identity);
Bytes encode(const model::ModuleIdentity& identity);
Bytes encode(const model::QueuedMessage& queued);
Bytes encode(const model::CloudToDeviceMessage& message);
Bytes encode(model::SequenceNumber next);
Bytes encode(const model::MqttSubscriptions& subscriptions);
Bytes encode(const model::FeedbackRecord& record);
Bytes encode(const model::FeedbackBatch& batch);

/// Errors of all: malformed, naming the kind of record and what is wrong with it.
Result<model::DeviceIdentity> decode_device_identity(model::DeviceId id, BytesView record);
Result<model::ModuleIdentity> decode_module_identity(model::ModuleId id, BytesView record);
Result<model::QueuedMessage> decode_queued_message(model::SequenceNumber sequence,
                                                   BytesView record);
Result<model::CloudToDeviceMessage> decode_message(BytesView record);
Result<model::SequenceNumber> decode_next_sequence(BytesView record);
Result<model::MqttSubscriptions> decode_mqtt_subscriptions(BytesView record);
Result<model::FeedbackRecord> decode_feedback_record(BytesView record);
Result<model::FeedbackBatch> decode_feedback_batch(BytesView record);

}  // namespace restante::store
