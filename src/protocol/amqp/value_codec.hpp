#pragma once
// Values on the wire (AMQP 1.2, 1.6). Every encoding a peer may choose is read; what is written is
// the shortest one, except that list0 (0x45) is never written: pyamqp cannot read it where it
// expects a composite.

#include "base/byte_reader.hpp"
#include "base/result.hpp"
#include "protocol/amqp/value.hpp"

namespace restante::amqp {

/// Deepest nesting read, counting lists, maps, arrays and descriptors. Real messages need three.
constexpr int value_depth_max = 16;

/// Most values inside one value read. A byte on the wire can become one Value (40 bytes here), so
/// this, not the frame size, bounds the memory a value costs.
constexpr std::size_t value_count_max = 16'384;

/// Longest symbol that may describe the elements of an array, in bytes: each element gets a copy.
constexpr std::size_t array_descriptor_bytes_max = 64;

/// Reads the next value. The error is always `malformed`.
Result<Value> read_value(ByteReader& in);

/// Reads a value that fills `bytes`.
Result<Value> decode_value(BytesView bytes);

/// Appends `value`. Elements of an array must be of one type (an assertion).
void write_value(Bytes& out, const Value& value);

void write_map(Bytes& out, const Map& map);

Bytes encode_value(const Value& value);

/// Appends a list or map whose length is known only at its end, in the shorter of its two forms.
class CompoundWriter {
  public:
    enum class Kind : std::uint8_t { list, map, array };

    CompoundWriter(Bytes& out, Kind kind);
    /// `count`: items, a map's keys and values each counted.
    void finish(std::size_t count);

  private:
    Bytes& out_;
    Kind kind_;
    std::size_t start_;
};

}  // namespace restante::amqp
