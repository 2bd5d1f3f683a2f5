#pragma once
// What an expression of a query is for one identity: JSON, or undefined where the identity has
// nothing of the kind.

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace restante::core::query {

struct Value;
struct Undefined {
    bool operator==(const Undefined&) const = default;
};
using Array = std::vector<Value>;
/// In the order of writing.
using Object = std::vector<std::pair<std::string, Value>>;

struct Value {
    std::variant<Undefined, std::nullptr_t, bool, double, std::string, Array, Object> of;

    Value() = default;
    template <class T>
        requires(!std::same_as<std::remove_cvref_t<T>, Value>)
    // NOLINTNEXTLINE(google-explicit-constructor): a value is what it holds.
    Value(T&& held) : of(std::forward<T>(held)) {}

    template <class T>
    const T* get_if() const {
        return std::get_if<T>(&of);
    }
    bool is_undefined() const { return get_if<Undefined>() != nullptr; }
    /// Only what is true is true: a condition that is undefined or a text does not hold.
    bool is_true() const {
        const bool* held = get_if<bool>();
        return held && *held;
    }
    bool operator==(const Value&) const = default;
};

/// Below, equal or above; nullopt when the two cannot be compared: other types, or no primitives.
std::optional<int> compare(const Value& a, const Value& b);

/// For grouping: an order over all values, by type, then by content.
bool sorts_before(const Value& a, const Value& b);

}  // namespace restante::core::query
