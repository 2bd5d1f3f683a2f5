#pragma once
// How records are named: docs/formats/records.md.
//
//     device key    the id's bytes                                devices, sequences,
//                                                                 mqtt_subscriptions
//     module key    the device id's bytes, 0x00, the module id's  modules
//     message key   the id's bytes, 0x00, the sequence number     queue, messages
//                   as eight bytes, most significant first
//     feedback key  an index or a sequence number, likewise       feedback_records,
//                                                                 feedback_queue,
//                                                                 feedback_batches
//
// An id never holds a NUL, so no device's message or module keys start with another's, and the
// order of the keys is the order of the ids, then of the queue or of the modules' ids.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/device_id.hpp"
#include "model/module_id.hpp"
#include "model/queued_message.hpp"

namespace restante::store {

Bytes device_key(const model::DeviceId& device);
Bytes message_key(const model::DeviceId& device, model::SequenceNumber sequence);
Bytes module_key(const model::DeviceId& device, const model::ModuleId& module);
/// What all message keys of the device start with, and no others'; likewise all module keys.
Bytes device_key_prefix(const model::DeviceId& device);

Bytes feedback_key(std::uint64_t number);

struct MessageKey {
    model::DeviceId device;
    model::SequenceNumber sequence;
};

struct ModuleKey {
    model::DeviceId device;
    model::ModuleId module;
};

/// Errors of these: malformed.
Result<model::DeviceId> parse_device_key(BytesView key);
Result<MessageKey> parse_message_key(BytesView key);
Result<ModuleKey> parse_module_key(BytesView key);
Result<std::uint64_t> parse_feedback_key(BytesView key);

}  // namespace restante::store
