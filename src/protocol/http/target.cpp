#include "protocol/http/target.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace restante::http {

Target Target::parse(std::string_view target) {
    Target parsed;
    const auto question = target.find('?');
    parsed.path = std::string(target.substr(0, question));

    std::string_view path = parsed.path;
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    if (!path.empty()) {
        for (const std::string_view segment : split(path, '/')) {
            parsed.segments.push_back(percent_decode(segment));
        }
    }

    if (question == std::string_view::npos) return parsed;
    for (const std::string_view pair : split(target.substr(question + 1), '&')) {
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto value =
            equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        parsed.query.push_back({percent_decode(pair.substr(0, equals)), percent_decode(value)});
    }
    return parsed;
}

std::optional<std::string_view> Target::find_query(std::string_view name) const {
    for (const QueryPair& pair : query) {
        if (iequals(pair.name, name)) return pair.value;
    }
    return std::nullopt;
}

}  // namespace restante::http
