#pragma once
// One AMQP 1.0 value of any type (AMQP 1.6), as a plain value: copied, compared, owned by whoever
// holds it. value_codec.hpp reads and writes it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/uuid.hpp"

namespace restante::amqp {

class Value;
struct MapEntry;

/// A name from some domain, in ASCII: "amqp:not-found".
struct Symbol {
    std::string text;
    auto operator<=>(const Symbol&) const = default;
};

/// A Unicode code point; the wire allows any 32 bits.
struct Char {
    std::uint32_t code_point = 0;
    bool operator==(const Char&) const = default;
};

/// IEEE 754 decimals are carried, never computed with.
template <std::size_t width>
struct Decimal {
    std::array<std::uint8_t, width> bytes{};
    bool operator==(const Decimal&) const = default;
};

struct List {
    std::vector<Value> items;
    bool operator==(const List&) const;
};

/// Pairs in the order of the wire. The wire does not forbid a key twice; find() sees the first.
struct Map {
    std::vector<MapEntry> entries;

    bool empty() const;
    /// The value whose key is this text, as a string or a symbol; null when there is none.
    const Value* find(std::string_view key) const;
    void add(Value key, Value value);
    bool operator==(const Map&) const;
};

/// Elements of one type: that of the first; described ones share one descriptor too.
struct Array {
    std::vector<Value> elements;
    bool operator==(const Array&) const;
};

/// A value with a descriptor that says what it means.
class Described {
  public:
    Described(Value descriptor, Value value);
    const Value& descriptor() const;
    const Value& value() const;
    bool operator==(const Described&) const;

  private:
    std::vector<Value> parts_;  // the descriptor and the value; a vector, as Value is incomplete
};

using ValueStorage =
    std::variant<std::monostate, bool, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t,
                 std::int8_t, std::int16_t, std::int32_t, std::int64_t, float, double, Decimal<4>,
                 Decimal<8>, Decimal<16>, Char, WallTime, Uuid, Bytes, std::string, Symbol, List,
                 Map, Array, Described>;

template <class T, class Variant>
constexpr bool is_alternative = false;
template <class T, class... Ts>
constexpr bool is_alternative<T, std::variant<Ts...>> = (std::is_same_v<T, Ts> || ...);

class Value {
  public:
    /// null
    Value() = default;

    /// Exactly the AMQP type that T stands for: `Value(std::int32_t{200})` is an int.
    template <class T>
        requires is_alternative<T, ValueStorage>
    Value(T value) : storage_(std::move(value)) {}
    /// A string.
    Value(std::string_view text);
    Value(const char* text);

    bool is_null() const { return storage_.index() == 0; }

    /// The content when the type is exactly T, else null.
    template <class T>
    const T* get_if() const {
        return std::get_if<T>(&storage_);
    }
    template <class T>
    T* get_if() {
        return std::get_if<T>(&storage_);
    }

    /// The text of a string or a symbol.
    std::optional<std::string_view> text() const;
    /// Any integer type whose content fits.
    std::optional<std::int64_t> integer() const;

    const ValueStorage& storage() const { return storage_; }
    bool operator==(const Value&) const = default;

  private:
    ValueStorage storage_;
};

struct MapEntry {
    Value key;
    Value value;
    bool operator==(const MapEntry&) const = default;
};

inline Value::Value(std::string_view text) : storage_(std::string(text)) {}
inline Value::Value(const char* text) : storage_(std::string(text)) {}

}  // namespace restante::amqp
