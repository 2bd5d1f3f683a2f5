#pragma once
// A query as a tree, and how its text becomes one.
//
//     query      := SELECT [TOP int] list FROM source [WHERE expr] [GROUP BY attr {, attr}]
//     list       := * | item {, item}           item := (attr | aggregate) [[AS] alias]
//     source     := devices | devices.modules | devices.jobs
//     expr       := and {OR and}                and  := not {AND not}      not := NOT not |
//     relation relation   := sum [(= != <> < <= > >=) sum | (IN | NIN) [ sum {, sum} ]] sum :=
//     product {(+ -) product}     product := sign {(* / %) sign} sign       := - sign | primary
//     primary    := literal | attr | function ( expr {, expr} ) | ( expr ) | [ expr {, expr} ]

#include "base/result.hpp"
#include "core/query/fields.hpp"

namespace restante::core::query {

/// Bounds, as the service documents the first one; the others keep a query's cost within it.
inline constexpr std::size_t query_characters_max = 8192;
inline constexpr std::size_t query_depth_max = 32;

enum class Operation : std::uint8_t {
    literal,
    field,
    list,
    in,
    not_in,
    logical_or,
    logical_and,
    logical_not,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    add,
    subtract,
    multiply,
    divide,
    remainder,
    negate,
    call
};

enum class Function : std::uint8_t {
    is_defined,
    is_null,
    is_string,
    is_number,
    is_bool,
    is_object,
    is_array,
    is_primitive,
    starts_with,
    ends_with,
    contains,
    array_contains,
    concat,
    length,
    lower,
    upper,
    substring,
    index_of,
    abs,
    exp,
    power,
    ceiling,
    floor,
    sign,
    sqrt,
    square
};

struct Expression {
    Operation operation = Operation::literal;
    Value literal;
    Field field = Field::nothing;
    Function function = Function::is_defined;
    std::vector<Expression> operands;
};

enum class Aggregate : std::uint8_t { none, count, average, sum, minimum, maximum };

struct Item {
    Aggregate aggregate = Aggregate::none;
    Field field = Field::nothing;  ///< of COUNT() there is none
    std::string name;              ///< in the answer
};

enum class Source : std::uint8_t { devices, modules, jobs };

struct Query {
    std::optional<std::size_t> top;
    std::vector<Item> items;  ///< empty: everything
    Source source = Source::devices;
    std::optional<Expression> where;
    std::vector<Field> group_by;
    std::size_t nodes = 1;  ///< of the condition: what one identity costs

    bool aggregates() const;
};

/// Errors: argument_null (no text), argument_invalid naming the place.
Result<Query> parse(std::string_view text);

Value evaluate(const Expression& expression, const Row& row);

/// Which devices can satisfy the condition at all, where its form tells.
struct Scope {
    std::optional<std::vector<std::string>> device_ids;  ///< these only; sorted
    std::string prefix;                                  ///< ids that start with it
};
Scope scope_of(const Query& query);

}  // namespace restante::core::query
