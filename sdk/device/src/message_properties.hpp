#pragma once
// A message as the application has it, and its properties as the wire has them.

#include "base/bytes.hpp"
#include "identity.hpp"
#include "model/cloud_to_device_message.hpp"
#include "restante/device/message.hpp"
#include "wire/property_bag.hpp"

namespace restante::device {

Message to_message(wire::DeviceProperties properties, BytesView body);
Message to_message(model::CloudToDeviceMessage received);

wire::DeviceProperties to_properties(const Message& message);

/// Throws std::invalid_argument when no hub would take the message as telemetry, with Python's text
/// where there is one.
void check_telemetry(const Identity& identity, const Message& message);

}  // namespace restante::device
