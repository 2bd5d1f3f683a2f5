#include "protocol/amqp/value.hpp"

#include <limits>

#include "base/assert.hpp"

namespace restante::amqp {

bool List::operator==(const List&) const = default;
bool Map::operator==(const Map&) const = default;
bool Array::operator==(const Array&) const = default;
bool Described::operator==(const Described&) const = default;

bool Map::empty() const {
    return entries.empty();
}

const Value* Map::find(std::string_view key) const {
    for (const MapEntry& entry : entries) {
        if (entry.key.text() == key) return &entry.value;
    }
    return nullptr;
}

void Map::add(Value key, Value value) {
    entries.push_back({.key = std::move(key), .value = std::move(value)});
}

Described::Described(Value descriptor, Value value) {
    parts_.reserve(2);
    parts_.push_back(std::move(descriptor));
    parts_.push_back(std::move(value));
}

// A described value that was moved from has no parts any more, and nobody may ask for them.
const Value& Described::descriptor() const {
    RESTANTE_ASSERT(parts_.size() == 2);
    return parts_[0];
}

const Value& Described::value() const {
    RESTANTE_ASSERT(parts_.size() == 2);
    return parts_[1];
}

std::optional<std::string_view> Value::text() const {
    if (const auto* string = get_if<std::string>()) return *string;
    if (const auto* symbol = get_if<Symbol>()) return symbol->text;
    return std::nullopt;
}

std::optional<std::int64_t> Value::integer() const {
    return std::visit(
        [](const auto& content) -> std::optional<std::int64_t> {
            using T = std::remove_cvref_t<decltype(content)>;
            if constexpr (std::is_same_v<T, std::uint64_t>) {
                if (content > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return {};
                return static_cast<std::int64_t>(content);
            } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
                return content;
            } else {
                return std::nullopt;
            }
        },
        storage_);
}

}  // namespace restante::amqp
