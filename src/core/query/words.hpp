#pragma once
// The names of functions and aggregates. For the parser.

#include <array>

#include "core/query/query.hpp"

namespace restante::core::query {

struct FunctionName {
    std::string_view name;
    Function function;
    std::size_t arguments_min;
    std::size_t arguments_max;
};
inline constexpr std::size_t any_number = 100;
inline constexpr std::array functions{
    FunctionName{"IS_DEFINED", Function::is_defined, 1, 1},
    FunctionName{"IS_NULL", Function::is_null, 1, 1},
    FunctionName{"IS_STRING", Function::is_string, 1, 1},
    FunctionName{"IS_NUMBER", Function::is_number, 1, 1},
    FunctionName{"IS_BOOL", Function::is_bool, 1, 1},
    FunctionName{"IS_OBJECT", Function::is_object, 1, 1},
    FunctionName{"IS_ARRAY", Function::is_array, 1, 1},
    FunctionName{"IS_PRIMITIVE", Function::is_primitive, 1, 1},
    FunctionName{"STARTSWITH", Function::starts_with, 2, 2},
    FunctionName{"ENDSWITH", Function::ends_with, 2, 2},
    FunctionName{"CONTAINS", Function::contains, 2, 2},
    FunctionName{"ARRAY_CONTAINS", Function::array_contains, 2, 2},
    FunctionName{"CONCAT", Function::concat, 1, any_number},
    FunctionName{"LENGTH", Function::length, 1, 1},
    FunctionName{"LOWER", Function::lower, 1, 1},
    FunctionName{"UPPER", Function::upper, 1, 1},
    FunctionName{"SUBSTRING", Function::substring, 2, 3},
    FunctionName{"INDEX_OF", Function::index_of, 2, 2},
    FunctionName{"ABS", Function::abs, 1, 1},
    FunctionName{"EXP", Function::exp, 1, 1},
    FunctionName{"POWER", Function::power, 2, 2},
    FunctionName{"CEILING", Function::ceiling, 1, 1},
    FunctionName{"FLOOR", Function::floor, 1, 1},
    FunctionName{"SIGN", Function::sign, 1, 1},
    FunctionName{"SQRT", Function::sqrt, 1, 1},
    FunctionName{"SQUARE", Function::square, 1, 1},
};

struct AggregateName {
    std::string_view name;
    Aggregate aggregate;
};
inline constexpr std::array aggregates{
    AggregateName{"COUNT", Aggregate::count}, AggregateName{"AVG", Aggregate::average},
    AggregateName{"SUM", Aggregate::sum}, AggregateName{"MIN", Aggregate::minimum},
    AggregateName{"MAX", Aggregate::maximum}};

}  // namespace restante::core::query
