#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/query/lexer.hpp"
#include "core/query/query.hpp"
#include "core/query/words.hpp"

namespace restante::core::query {
namespace {

struct Symbol {
    std::string_view text;
    Operation operation;
};
constexpr std::array relations{
    Symbol{"=", Operation::equal},         Symbol{"!=", Operation::not_equal},
    Symbol{"<>", Operation::not_equal},    Symbol{"<", Operation::less},
    Symbol{"<=", Operation::less_equal},   Symbol{">", Operation::greater},
    Symbol{">=", Operation::greater_equal}};
constexpr std::array sums{Symbol{"+", Operation::add}, Symbol{"-", Operation::subtract}};
constexpr std::array products{Symbol{"*", Operation::multiply}, Symbol{"/", Operation::divide},
                              Symbol{"%", Operation::remainder}};

constexpr std::array<std::string_view, 5> clauses{"FROM", "WHERE", "GROUP", "AS", "ORDER"};

/// Fails softly: after the first fault nothing is consumed any more, and parse() asks once.
class Parser {
  public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Result<Query> run() {
        expect("SELECT");
        if (take("TOP")) query_.top = whole_number();
        read_items();
        expect("FROM");
        read_source();
        if (take("WHERE")) query_.where = logical_or();
        if (take("GROUP")) {
            expect("BY");
            do query_.group_by.push_back(find_field(attribute()));
            while (take_symbol(","));
        }
        if (now().kind != Token::Kind::end) refuse("more than a query");
        check_items();
        if (error_) return std::unexpected(std::move(*error_));
        query_.nodes = nodes_ + 1;
        return std::move(query_);
    }

  private:
    const Token& now() const { return tokens_[at_]; }
    const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    void advance() {
        if (at_ + 1 < tokens_.size()) ++at_;
    }
    void refuse(std::string_view what) {
        if (error_) return;
        error_.emplace(
            ErrorCode::argument_invalid,
            fmt::format("BadRequest: {} at character {} of the query", what, now().at + 1));
        at_ = tokens_.size() - 1;
    }
    bool is(std::string_view word) const {
        return now().kind == Token::Kind::name && iequals(now().text, word);
    }
    bool take(std::string_view word) {
        if (!is(word)) return false;
        advance();
        return true;
    }
    bool is_symbol(std::string_view symbol) const {
        return now().kind == Token::Kind::symbol && now().text == symbol;
    }
    bool take_symbol(std::string_view symbol) {
        if (!is_symbol(symbol)) return false;
        advance();
        return true;
    }
    void expect(std::string_view word) {
        if (!take(word)) refuse(fmt::format("no {}", word));
    }
    void expect_symbol(std::string_view symbol) {
        if (!take_symbol(symbol)) refuse(fmt::format("no '{}'", symbol));
    }

    std::size_t whole_number() {
        constexpr double largest = 1e9;
        const double number = now().number;
        const auto whole = number >= 0 && number <= largest ? static_cast<std::size_t>(number) : 0;
        if (now().kind != Token::Kind::number || static_cast<double>(whole) != number) {
            refuse("no whole number");
        }
        advance();
        return whole;
    }

    void read_items() {
        if (take_symbol("*")) return;
        do query_.items.push_back(item());
        while (take_symbol(","));
    }

    Item item() {
        Item read;
        const AggregateName* aggregate = nullptr;
        for (const auto& known : aggregates) {
            if (is(known.name) && next().text == "(") aggregate = &known;
        }
        if (aggregate) {
            advance();
            expect_symbol("(");
            read.aggregate = aggregate->aggregate;
            read.name = to_lower(aggregate->name);
            if (!is_symbol(")"))
                read.field = find_field(attribute());
            else if (read.aggregate != Aggregate::count)
                refuse("nothing to aggregate");
            expect_symbol(")");
        } else {
            const auto path = attribute();
            read.field = find_field(path);
            read.name = path.empty() ? "" : canonical_name(path);
        }
        const bool announced = take("AS");
        const bool named = now().kind == Token::Kind::name &&
                           std::ranges::none_of(clauses, [&](auto word) { return is(word); });
        if (announced || named) {
            if (!named && now().kind != Token::Kind::quoted_name) refuse("no alias");
            read.name = now().text;
            advance();
        }
        return read;
    }

    void read_source() {
        expect("DEVICES");
        if (!take_symbol(".")) return;
        if (take("MODULES"))
            query_.source = Source::modules;
        else if (take("JOBS"))
            query_.source = Source::jobs;
        else
            refuse("no collection of this name");
    }

    /// A path without the name of the collection in front.
    std::vector<std::string> attribute() {
        std::vector<std::string> path;
        do {
            const bool name = now().kind == Token::Kind::name ||
                              (now().kind == Token::Kind::quoted_name && !path.empty());
            if (!name) {
                refuse("no attribute");
                break;
            }
            path.push_back(now().text);
            advance();
        } while (take_symbol("."));
        const auto drop = [&](std::string_view word) {
            if (path.size() > 1 && iequals(path.front(), word)) path.erase(path.begin());
        };
        drop("devices");
        drop("modules");
        drop("jobs");
        return path;
    }

    Expression node(Operation operation, std::vector<Expression> operands) {
        ++nodes_;
        return {.operation = operation, .operands = std::move(operands)};
    }
    Expression literal(Value value) {
        ++nodes_;
        return {.operation = Operation::literal, .literal = std::move(value)};
    }
    static std::vector<Expression> both(Expression a, Expression b) {
        std::vector<Expression> operands;
        operands.push_back(std::move(a));
        operands.push_back(std::move(b));
        return operands;
    }

    /// AND and OR take any number of operands, so that a long chain is no deep tree.
    Expression logical_or() {
        auto first = logical_and();
        if (!is("OR")) return first;
        auto whole = node(Operation::logical_or, {});
        whole.operands.push_back(std::move(first));
        while (take("OR")) whole.operands.push_back(logical_and());
        return whole;
    }
    Expression logical_and() {
        auto first = logical_not();
        if (!is("AND")) return first;
        auto whole = node(Operation::logical_and, {});
        whole.operands.push_back(std::move(first));
        while (take("AND")) whole.operands.push_back(logical_not());
        return whole;
    }
    Expression logical_not() {
        if (!take("NOT")) return relation();
        if (!descend()) return {};
        auto operand = logical_not();
        --depth_;
        std::vector<Expression> operands;
        operands.push_back(std::move(operand));
        return node(Operation::logical_not, std::move(operands));
    }

    Expression relation() {
        auto left = sum();
        for (const auto& [text, operation] : relations) {
            if (take_symbol(text)) return node(operation, both(std::move(left), sum()));
        }
        const bool in = is("IN");
        if (in || is("NIN")) {
            advance();
            expect_symbol("[");
            return node(in ? Operation::in : Operation::not_in, both(std::move(left), list()));
        }
        return left;
    }

    template <class Table, class Operand>
    Expression chain(const Table& table, Operand operand) {
        auto left = (this->*operand)();
        std::size_t links = 0;
        while (true) {
            const auto link = std::ranges::find_if(
                table, [this](const Symbol& symbol) { return is_symbol(symbol.text); });
            if (link == table.end()) return left;
            // Each link is one level of the tree.
            if (depth_ + ++links > query_depth_max) {
                refuse("too many levels");
                return {};
            }
            advance();
            left = node(link->operation, both(std::move(left), (this->*operand)()));
        }
    }
    Expression sum() { return chain(sums, &Parser::product); }
    Expression product() { return chain(products, &Parser::signed_primary); }

    Expression signed_primary() {
        if (!take_symbol("-")) return primary();
        if (!descend()) return {};
        std::vector<Expression> operands;
        operands.push_back(signed_primary());
        --depth_;
        return node(Operation::negate, std::move(operands));
    }

    Expression primary() {
        if (!descend()) return {};
        auto expression = primary_inside();
        --depth_;
        return expression;
    }

    Expression primary_inside() {
        const Token token = now();
        if (token.kind == Token::Kind::number || token.kind == Token::Kind::text) {
            advance();
            return literal(token.kind == Token::Kind::number ? Value(token.number)
                                                             : Value(token.text));
        }
        if (take_symbol("(")) {
            auto inner = logical_or();
            expect_symbol(")");
            return inner;
        }
        if (take_symbol("[")) return list();
        if (token.kind != Token::Kind::name) return refuse("no operand"), Expression{};
        if (next().kind == Token::Kind::symbol && next().text == "(") return call();
        if (take("true")) return literal(true);
        if (take("false")) return literal(false);
        if (take("null")) return literal(nullptr);
        if (take("undefined")) return literal(Undefined{});
        ++nodes_;
        return {.operation = Operation::field, .field = find_field(attribute())};
    }

    /// What stands between the brackets, the closing one included.
    Expression list() {
        auto whole = node(Operation::list, {});
        if (take_symbol("]")) return whole;
        do whole.operands.push_back(sum());
        while (take_symbol(","));
        expect_symbol("]");
        return whole;
    }

    Expression call() {
        const FunctionName* known = nullptr;
        for (const auto& function : functions) {
            if (is(function.name)) known = &function;
        }
        if (!known) return refuse("no function of this name"), Expression{};
        auto whole = node(Operation::call, {});
        whole.function = known->function;
        advance();
        expect_symbol("(");
        do whole.operands.push_back(logical_or());
        while (take_symbol(","));
        expect_symbol(")");
        if (whole.operands.size() < known->arguments_min ||
            whole.operands.size() > known->arguments_max) {
            refuse(fmt::format("{} has another number of arguments", known->name));
        }
        return whole;
    }

    bool descend() {
        if (depth_ < query_depth_max) {
            ++depth_;
            return true;
        }
        refuse("too many levels");
        return false;
    }

    void check_items() {
        if (error_) return;
        if (query_.items.empty() && !query_.group_by.empty()) refuse("GROUP BY without items");
        if (query_.source == Source::jobs && !query_.items.empty()) {
            refuse("of jobs there is only *");
        }
        if (!query_.aggregates()) return;
        for (const auto& item : query_.items) {
            const bool grouped =
                std::ranges::find(query_.group_by, item.field) != query_.group_by.end();
            if (item.aggregate == Aggregate::none && !grouped) {
                refuse(fmt::format("{} is neither an aggregate nor grouped by", item.name));
            }
        }
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::size_t nodes_ = 0;
    std::optional<Error> error_;
    Query query_;
};

}  // namespace

bool Query::aggregates() const {
    return !group_by.empty() || std::ranges::any_of(items, [](const Item& item) {
        return item.aggregate != Aggregate::none;
    });
}

Result<Query> parse(std::string_view text) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return fail(ErrorCode::argument_null, "BadRequest");
    }
    if (text.size() > query_characters_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("BadRequest: the query has {} characters, the limit is {}",
                                text.size(), query_characters_max));
    }
    auto tokens = tokenize(text);
    if (!tokens) return std::unexpected(tokens.error());
    return Parser(std::move(*tokens)).run();
}

}  // namespace restante::core::query
