#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "core/query/query.hpp"

namespace restante::core::query {
namespace {

constexpr std::size_t text_bytes_max = 64 * 1024;  ///< what CONCAT may make

const std::string* text_at(const std::vector<Value>& arguments, std::size_t index) {
    return index < arguments.size() ? arguments[index].get_if<std::string>() : nullptr;
}
const double* number_at(const std::vector<Value>& arguments, std::size_t index) {
    return index < arguments.size() ? arguments[index].get_if<double>() : nullptr;
}

Value is_type(Function function, const Value& value) {
    const bool null = value.get_if<std::nullptr_t>() != nullptr;
    const bool text = value.get_if<std::string>() != nullptr;
    const bool number = value.get_if<double>() != nullptr;
    const bool flag = value.get_if<bool>() != nullptr;
    switch (function) {
        case Function::is_defined:
            return !value.is_undefined();
        case Function::is_null:
            return null;
        case Function::is_string:
            return text;
        case Function::is_number:
            return number;
        case Function::is_bool:
            return flag;
        case Function::is_object:
            return value.get_if<Object>() != nullptr;
        case Function::is_array:
            return value.get_if<Array>() != nullptr;
        default:
            return null || text || number || flag;
    }
}

Value text_test(Function function, const std::vector<Value>& arguments) {
    const auto* text = text_at(arguments, 0);
    const auto* part = text_at(arguments, 1);
    if (!text || !part) return {};
    if (function == Function::starts_with) return text->starts_with(*part);
    if (function == Function::ends_with) return text->ends_with(*part);
    const auto at = text->find(*part);
    if (function == Function::contains) return at != std::string::npos;
    return at == std::string::npos ? -1.0 : static_cast<double>(at);
}

Value substring(const std::vector<Value>& arguments) {
    const auto* text = text_at(arguments, 0);
    const auto* start = number_at(arguments, 1);
    const auto* length = number_at(arguments, 2);
    if (!text || !start || (arguments.size() > 2 && !length)) return {};
    const auto size = static_cast<double>(text->size());
    const double from = std::clamp(*start, 0.0, size);
    const double count = length ? std::clamp(*length, 0.0, size) : size;
    if (std::isnan(from) || std::isnan(count)) return {};
    return text->substr(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
}

Value text_function(Function function, const std::vector<Value>& arguments) {
    if (function == Function::substring) return substring(arguments);
    std::string whole;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto* text = text_at(arguments, i);
        if (!text || whole.size() + text->size() > text_bytes_max) return {};
        whole += *text;
    }
    if (function == Function::length) return static_cast<double>(whole.size());
    if (function == Function::lower) return to_lower(whole);
    if (function == Function::upper) {
        for (char& c : whole) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return whole;
}

Value number_function(Function function, const std::vector<Value>& arguments) {
    const auto* x = number_at(arguments, 0);
    if (!x) return {};
    switch (function) {
        case Function::abs:
            return std::abs(*x);
        case Function::exp:
            return std::exp(*x);
        case Function::power:
            return number_at(arguments, 1) ? Value(std::pow(*x, *number_at(arguments, 1)))
                                           : Value();
        case Function::ceiling:
            return std::ceil(*x);
        case Function::floor:
            return std::floor(*x);
        case Function::sign:
            return *x > 0 ? 1.0 : (*x < 0 ? -1.0 : 0.0);
        case Function::sqrt:
            return *x >= 0 ? Value(std::sqrt(*x)) : Value();
        default:
            return *x * *x;
    }
}

Value call(Function function, const std::vector<Value>& arguments) {
    if (function <= Function::is_primitive) return is_type(function, arguments[0]);
    switch (function) {
        case Function::starts_with:
        case Function::ends_with:
        case Function::contains:
        case Function::index_of:
            return text_test(function, arguments);
        case Function::array_contains: {
            const auto* array = arguments[0].get_if<Array>();
            if (!array) return {};
            return std::ranges::find(*array, arguments[1]) != array->end();
        }
        case Function::concat:
        case Function::length:
        case Function::lower:
        case Function::upper:
        case Function::substring:
            return text_function(function, arguments);
        default:
            return number_function(function, arguments);
    }
}

Value arithmetic(Operation operation, const Value& left, const Value& right) {
    const auto* a = left.get_if<double>();
    const auto* b = right.get_if<double>();
    if (!a || !b) return {};
    switch (operation) {
        case Operation::add:
            return *a + *b;
        case Operation::subtract:
            return *a - *b;
        case Operation::multiply:
            return *a * *b;
        case Operation::divide:
            return *b != 0 ? Value(*a / *b) : Value();
        default:
            return *b != 0 ? Value(std::fmod(*a, *b)) : Value();
    }
}

/// Undefined compares with nothing. Values of two types are not equal, and in no order.
Value relate(Operation operation, const Value& left, const Value& right) {
    if (left.is_undefined() || right.is_undefined()) return {};
    const auto order = compare(left, right);
    if (!order) return operation == Operation::not_equal;
    switch (operation) {
        case Operation::equal:
            return *order == 0;
        case Operation::not_equal:
            return *order != 0;
        case Operation::less:
            return *order < 0;
        case Operation::less_equal:
            return *order <= 0;
        case Operation::greater:
            return *order > 0;
        default:
            return *order >= 0;
    }
}

Value logical(const Expression& expression, const Row& row) {
    const bool wanted = expression.operation == Operation::logical_or;
    for (const auto& operand : expression.operands) {
        if (evaluate(operand, row).is_true() == wanted) return wanted;
    }
    return !wanted;
}

Value member(const Expression& expression, const Row& row) {
    const Value value = evaluate(expression.operands[0], row);
    if (value.is_undefined()) return {};
    const auto is_it = [&](const Expression& item) {
        return compare(value, evaluate(item, row)) == 0;
    };
    const bool found = std::ranges::any_of(expression.operands[1].operands, is_it);
    return found == (expression.operation == Operation::in);
}

}  // namespace

Value evaluate(const Expression& expression, const Row& row) {
    const auto& operands = expression.operands;
    switch (expression.operation) {
        case Operation::literal:
            return expression.literal;
        case Operation::field:
            return value_of(expression.field, row);
        case Operation::in:
        case Operation::not_in:
            return member(expression, row);
        case Operation::logical_or:
        case Operation::logical_and:
            return logical(expression, row);
        case Operation::logical_not: {
            const Value value = evaluate(operands[0], row);
            const bool* held = value.get_if<bool>();
            return held ? Value(!*held) : Value();
        }
        case Operation::negate:
            return arithmetic(Operation::subtract, 0.0, evaluate(operands[0], row));
        case Operation::list:
        case Operation::call: {
            Array values;
            for (const auto& operand : operands) values.push_back(evaluate(operand, row));
            if (expression.operation == Operation::list) return values;
            return call(expression.function, values);
        }
        case Operation::add:
        case Operation::subtract:
        case Operation::multiply:
        case Operation::divide:
        case Operation::remainder:
            return arithmetic(expression.operation, evaluate(operands[0], row),
                              evaluate(operands[1], row));
        default:
            return relate(expression.operation, evaluate(operands[0], row),
                          evaluate(operands[1], row));
    }
}

// -- where to look
// ---------------------------------------------------------------------------------

namespace {

bool is_id(const Expression& expression) {
    return expression.operation == Operation::field && expression.field == Field::device_id;
}
const std::string* literal_text(const Expression& expression) {
    if (expression.operation != Operation::literal) return nullptr;
    return expression.literal.get_if<std::string>();
}

void narrow(const Expression& condition, Scope& scope) {
    const auto& operands = condition.operands;
    if (condition.operation == Operation::logical_and) {
        for (const auto& operand : operands) narrow(operand, scope);
    } else if (condition.operation == Operation::equal) {
        for (const std::size_t id : {0U, 1U}) {
            const auto* text = literal_text(operands[1 - id]);
            if (is_id(operands[id]) && text) scope.device_ids = {*text};
        }
    } else if (condition.operation == Operation::in && is_id(operands[0]) && !scope.device_ids) {
        std::vector<std::string> ids;
        for (const auto& item : operands[1].operands) {
            // Another type equals no id; an expression may be any.
            if (item.operation != Operation::literal) return;
            if (const auto* text = literal_text(item)) ids.push_back(*text);
        }
        std::ranges::sort(ids);
        const auto rest = std::ranges::unique(ids);
        ids.erase(rest.begin(), rest.end());
        scope.device_ids = std::move(ids);
    } else if (condition.operation == Operation::call &&
               condition.function == Function::starts_with && is_id(operands[0])) {
        if (const auto* text = literal_text(operands[1])) scope.prefix = *text;
    }
}

}  // namespace

Scope scope_of(const Query& query) {
    Scope scope;
    if (query.where) narrow(*query.where, scope);
    return scope;
}

}  // namespace restante::core::query
