#pragma once
// JSON from strangers: read with bounds on size and depth, and text made fit to be written.

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace restante::wire {

/// Nesting of objects and arrays. A device identity has three levels.
inline constexpr std::size_t json_depth_max = 32;

/// Errors: argument_invalid, naming the place of the fault or the bound.
Result<boost::json::value> parse_json(std::string_view text, std::size_t bytes_max);

/// `text` with a '?' in place of every byte that is no part of well-formed UTF-8: an error may
/// quote what a peer sent, and JSON must stay JSON.
std::string to_utf8(std::string_view text);

}  // namespace restante::wire
