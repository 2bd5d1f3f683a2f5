#include "protocol/http/message.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace restante::http {
namespace {

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const Header& header : headers_) {
        if (iequals(header.name, name)) return header.value;
    }
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(headers_.begin(), headers_.end(),
                      [&](const Header& header) { return iequals(header.name, name); }));
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
    for (const Header& header : headers_) {
        if (!iequals(header.name, name)) continue;
        for (const std::string_view part : split(header.value, ',')) {
            if (iequals(trim(part), token)) return true;
        }
    }
    return false;
}

}  // namespace restante::http
