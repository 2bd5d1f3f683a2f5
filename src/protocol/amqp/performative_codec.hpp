#pragma once
// Performatives and SASL frame bodies on the wire. Every field is written, trailing nulls included,
// and what has a default is written out: pyamqp reads performatives by position, and uamqp wants
// values where others would take the default.

#include "base/byte_reader.hpp"
#include "base/result.hpp"
#include "protocol/amqp/performative.hpp"
#include "protocol/amqp/sasl.hpp"

namespace restante::amqp {

void write(Bytes& out, const Open& open);
void write(Bytes& out, const Begin& begin);
void write(Bytes& out, const Attach& attach);
void write(Bytes& out, const Flow& flow);
void write(Bytes& out, const Transfer& transfer);
void write(Bytes& out, const Disposition& disposition);
void write(Bytes& out, const Detach& detach);
void write(Bytes& out, const End& end);
void write(Bytes& out, const Close& close);

void write(Bytes& out, const SaslMechanisms& mechanisms);
void write(Bytes& out, const SaslInit& init);
void write(Bytes& out, const SaslChallenge& challenge);
void write(Bytes& out, const SaslResponse& response);
void write(Bytes& out, const SaslOutcome& outcome);

/// Reads one performative and leaves what follows it, a transfer's payload. The error is always
/// `malformed`.
Result<Performative> read_performative(ByteReader& in);

/// Reads a SASL frame's body, which fills `body`.
Result<SaslFrame> decode_sasl_frame(BytesView body);

}  // namespace restante::amqp
