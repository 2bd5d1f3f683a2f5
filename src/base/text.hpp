#pragma once
// Small questions about text that every edge asks: equal but for case, split, the nearest word.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

/// ASCII lower case; other bytes stay.
std::string to_lower(std::string_view text);

/// Equal but for the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b);

/// Whether `text` starts with `prefix`, whatever the case of ASCII letters.
bool istarts_with(std::string_view text, std::string_view prefix);

/// The parts between separators; an empty text has one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The candidate that a slip of the finger most likely meant, for "did you mean" hints. nullopt
/// when none is near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

/// How many code points well-formed UTF-8 holds.
std::size_t utf8_characters(std::string_view text);

}  // namespace restante
