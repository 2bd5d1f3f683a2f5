#include "core/query/value.hpp"

#include <algorithm>

namespace restante::core::query {
namespace {

template <class T>
int order(const T& a, const T& b) {
    return a < b ? -1 : (b < a ? 1 : 0);
}

}  // namespace

std::optional<int> compare(const Value& a, const Value& b) {
    if (a.of.index() != b.of.index()) return std::nullopt;
    if (a.get_if<std::nullptr_t>()) return 0;
    if (const auto* held = a.get_if<bool>()) return order(*held, *b.get_if<bool>());
    if (const auto* held = a.get_if<double>()) return order(*held, *b.get_if<double>());
    if (const auto* held = a.get_if<std::string>()) return order(*held, *b.get_if<std::string>());
    return std::nullopt;
}

bool sorts_before(const Value& a, const Value& b) {
    if (a.of.index() != b.of.index()) return a.of.index() < b.of.index();
    if (const auto* array = a.get_if<Array>()) {
        return std::ranges::lexicographical_compare(*array, *b.get_if<Array>(), sorts_before);
    }
    if (const auto* object = a.get_if<Object>()) {
        return std::ranges::lexicographical_compare(
            *object, *b.get_if<Object>(), [](const auto& x, const auto& y) {
                return x.first != y.first ? x.first < y.first : sorts_before(x.second, y.second);
            });
    }
    return compare(a, b).value_or(0) < 0;
}

}  // namespace restante::core::query
