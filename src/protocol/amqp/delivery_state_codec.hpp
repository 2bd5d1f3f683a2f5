#pragma once
// Errors and delivery states on the wire. Readers fail the ByteReader on a fault.

#include <optional>

#include "base/byte_reader.hpp"
#include "protocol/amqp/delivery_state.hpp"

namespace restante::amqp {

void write_error(Bytes& out, const ErrorCondition& error);
std::optional<ErrorCondition> read_error(ByteReader& in);

void write_delivery_state(Bytes& out, const DeliveryState& state);
/// nullopt also for a state of an extension, which is passed over.
std::optional<DeliveryState> read_delivery_state(ByteReader& in);

}  // namespace restante::amqp
