#include "wire/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/src.hpp>

#include "base/text.hpp"

namespace restante::wire {

Result<boost::json::value> parse_json(std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("the JSON has {} bytes, the limit is {}", text.size(), bytes_max));
    }
    boost::json::parse_options options;
    options.max_depth = json_depth_max;
    boost::json::parser parser({}, options);
    boost::json::error_code error;
    parser.write(text.data(), text.size(), error);
    if (error == boost::json::error::too_deep) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("the JSON is nested deeper than {} levels", json_depth_max));
    }
    if (error) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("the body is not JSON: {}", error.message()));
    }
    return parser.release();
}

std::string to_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    constexpr std::size_t sequence_bytes_max = 4;
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        std::size_t length = 1;
        while (length < std::min(sequence_bytes_max, text.size()) &&
               !is_utf8(text.substr(0, length))) {
            ++length;
        }
        if (is_utf8(text.substr(0, length))) {
            clean += text.substr(0, length);
        } else {
            clean += '?';
            length = 1;
        }
        text.remove_prefix(length);
    }
    return clean;
}

}  // namespace restante::wire
