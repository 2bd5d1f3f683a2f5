#pragma once
// Composite types on the wire (AMQP 1.4): a described list, one item a field, null for an absent
// one. The codecs of performatives, delivery states and message sections are made of these two.
// Neither builds a Value but for fields that may hold any type.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_reader.hpp"
#include "protocol/amqp/encoding_codes.hpp"
#include "protocol/amqp/value_codec.hpp"

namespace restante::amqp {

/// Writes 00 53 xx: the form uamqp and pyamqp expect to find at the front of a frame.
void write_descriptor(Bytes& out, std::uint8_t descriptor);

/// Reads a descriptor in any of its forms, the symbolic ones apart. nullopt, and `in` failed, when
/// there is none; a number above 255 is 0, which describes nothing.
std::optional<std::uint8_t> read_descriptor(ByteReader& in);

/// One composite value. add() each field in order, then finish().
class FieldWriter {
  public:
    FieldWriter(Bytes& out, std::uint8_t descriptor);

    FieldWriter& null();
    FieldWriter& add(bool value);
    FieldWriter& add(std::uint8_t value);
    FieldWriter& add(std::uint16_t value);
    FieldWriter& add(std::uint32_t value);
    FieldWriter& add(std::uint64_t value);
    FieldWriter& add(const std::string& value);
    FieldWriter& add(const Symbol& value);
    FieldWriter& add(BytesView value);
    FieldWriter& add(const Bytes& value) { return add(BytesView(value)); }
    FieldWriter& add(WallTime value);
    FieldWriter& add(const Value& value);
    /// An array, or null when there are none.
    FieldWriter& add(const std::vector<Symbol>& value);
    /// Null when empty.
    FieldWriter& add(const Map& value);
    FieldWriter& add_even_if_empty(const Map& value);
    template <class T>
    FieldWriter& add(const std::optional<T>& value) {
        return value ? add(*value) : null();
    }
    /// A composite field, which `write` appends as a whole.
    template <class Write>
    FieldWriter& add_composite(Write write) {
        ++count_;
        write(out_);
        return *this;
    }

    void finish() { list_.finish(count_); }

  private:
    /// Starts a field.
    void put(std::uint8_t encoding);
    void run(std::uint8_t narrow, std::uint8_t wide, BytesView bytes);

    Bytes& out_;
    CompoundWriter list_;
    std::size_t count_ = 0;
};

/// One composite's fields, in order. Reading past the last gives absent ones; a field of another
/// type than asked fails the reader, and every later field is then absent.
class FieldReader {
  public:
    /// Takes the list from `in`; `in` fails with it.
    FieldReader(ByteReader& in, std::size_t fields_max);

    template <class T>
    std::optional<T> optional() {
        if (!present()) return std::nullopt;
        T value{};
        read(value);
        if (!fields_.ok()) return std::nullopt;
        return value;
    }
    template <class T>
    T value_or(T fallback) {
        auto value = optional<T>();
        return value ? std::move(*value) : std::move(fallback);
    }
    /// Fails the reader when absent.
    template <class T>
    T required() {
        auto value = optional<T>();
        if (!value) fields_.fail();
        return value ? std::move(*value) : T{};
    }
    /// A composite field, which `parse(ByteReader&)` takes.
    template <class T, class Parse>
    std::optional<T> composite(Parse parse) {
        if (!present()) return std::nullopt;
        std::optional<T> value(parse(fields_));
        if (!fields_.ok()) return std::nullopt;
        return value;
    }

    /// Whether every field was as it must be and none was left over.
    bool finish();

  private:
    bool present();
    void read(bool& value);
    void read(std::uint8_t& value);
    void read(std::uint16_t& value);
    void read(std::uint32_t& value);
    void read(std::uint64_t& value);
    void read(std::string& value);
    void read(Symbol& value);
    void read(BytesView& value);
    void read(Bytes& value);
    void read(WallTime& value);
    void read(Value& value);
    void read(std::vector<Symbol>& value);
    void read(Map& value);

    ByteReader& in_;
    ByteReader fields_;
    std::size_t left_ = 0;
};

}  // namespace restante::amqp
