#pragma once
// Decoders of the single packet families, one source file each; decode() in codec.cpp chooses.

#include "base/result.hpp"
#include "protocol/mqtt/codec.hpp"

namespace restante::mqtt {

Result<Packet> decode_connect(BytesView body);
Result<Packet> decode_conn_ack(BytesView body);
Result<Packet> decode_publish(std::uint8_t flags, BytesView body);
Result<Packet> decode_subscribe(BytesView body);
Result<Packet> decode_sub_ack(BytesView body);
Result<Packet> decode_unsubscribe(BytesView body);

}  // namespace restante::mqtt
