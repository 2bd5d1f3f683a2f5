#pragma once
// The words of a query.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace restante::core::query {

struct Token {
    enum class Kind : std::uint8_t { name, quoted_name, text, number, symbol, end };
    Kind kind = Kind::end;
    std::string text;  ///< of a text: without quotes and escapes; of a symbol: its characters
    double number = 0;
    std::size_t at = 0;  ///< where it begins
};

/// All tokens, the last of kind `end`. Errors: argument_invalid naming the place.
Result<std::vector<Token>> tokenize(std::string_view text);

}  // namespace restante::core::query
