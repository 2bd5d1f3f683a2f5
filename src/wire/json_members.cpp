#include "wire/json_members.hpp"

#include <fmt/format.h>

namespace restante::wire {

const boost::json::value* Members::find(std::string_view name) const {
    if (object_ == nullptr || error_) return nullptr;
    const boost::json::value* const value = object_->if_contains(name);
    return value != nullptr && !value->is_null() ? value : nullptr;
}

void Members::fail(std::string message) {
    if (!error_) error_.emplace(ErrorCode::argument_invalid, std::move(message));
}

void Members::wrong_type(std::string_view name, std::string_view expected) {
    fail(fmt::format("{}{} must be {}", path_, name, expected));
}

std::optional<std::string> Members::text(std::string_view name) {
    const auto* const value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        wrong_type(name, "a string");
        return std::nullopt;
    }
    return std::string(value->get_string());
}

std::optional<std::string> Members::filled_text(std::string_view name) {
    auto value = text(name);
    if (value && value->empty()) return std::nullopt;
    return value;
}

std::optional<bool> Members::flag(std::string_view name) {
    const auto* const value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) {
        wrong_type(name, "true or false");
        return std::nullopt;
    }
    return value->get_bool();
}

std::optional<std::uint64_t> Members::count(std::string_view name) {
    const auto* const value = find(name);
    if (value == nullptr) return std::nullopt;
    boost::json::error_code error;
    const auto number = value->to_number<std::uint64_t>(error);
    if (error) {
        wrong_type(name, "a whole number");
        return std::nullopt;
    }
    return number;
}

Members Members::object(std::string_view name) {
    const auto* const value = find(name);
    if (value != nullptr && !value->is_object()) wrong_type(name, "an object");
    return Members(value != nullptr ? value->if_object() : nullptr,
                   fmt::format("{}{}.", path_, name), error_);
}

const boost::json::array* Members::array(std::string_view name) {
    const auto* const value = find(name);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) wrong_type(name, "an array");
    return value->if_array();
}

}  // namespace restante::wire
