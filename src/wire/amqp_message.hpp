#pragma once
// A cloud-to-device message on AMQP: what senders put where, and what devices must find where.

#include "base/result.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/queued_message.hpp"
#include "protocol/amqp/message.hpp"
#include "wire/devicebound_address.hpp"
#include "wire/property_bag.hpp"

namespace restante::wire {

/// Application properties a message may have. The size limit of a message allows far more than
/// any sender uses; this bounds the work each of them causes.
inline constexpr std::size_t application_properties_max = 1000;

/// A message and whom it is for.
struct SentMessage {
    DeviceTarget target;
    model::CloudToDeviceMessage message;
};

/// Reads what any service client sends.
///
/// Values of other types than text become text: whole numbers in decimal, a uuid in its lower-case
/// form, a time in ISO 8601, binary as it is when it is UTF-8 and in base64 otherwise, a boolean
/// "True" or "False", which is what Python's and .NET's own conversions give. Empty system
/// properties count as absent. Several data sections are one body, and so is a string or binary
/// value.
///
/// Errors: invalid_operation (`to` names no device); argument_invalid (a null, composite, nameless
/// or twofold application property, an unknown `iothub-ack`, a body of another kind);
/// invalid_message_expiry_time (a time no calendar has); message_too_large (properties beyond an
/// MQTT topic, which a device could never receive).
Result<SentMessage> from_amqp(amqp::Message message);

/// Reads what a device receives: a message of which `to` is no concern any more. Errors:
/// argument_invalid, invalid_message_expiry_time.
Result<model::CloudToDeviceMessage> from_devicebound(amqp::Message message);

/// What our device SDK sends as telemetry. Errors: argument_invalid (an expiry time that is none).
Result<amqp::Message> telemetry_to_amqp(const DeviceProperties& properties, BytesView body);

/// What our service SDK sends.
amqp::Message to_amqp(const model::CloudToDeviceMessage& message);

/// What a device receives: as above, with what the hub knows in annotations, and without names
/// that the Java client throws on. There is always exactly one data section.
amqp::Message to_amqp(const model::DeviceId& device, const model::LockedMessage& locked);

/// The delivery tag that goes with it: the lock token in the byte order of a .NET GUID, because
/// the C# client reads its lock token from there.
Bytes delivery_tag(const model::LockToken& token);

}  // namespace restante::wire
