#include "wire/etag.hpp"

#include <charconv>

#include "base/encoding.hpp"

namespace restante::wire {
namespace {

/// Base64 text of the 20 digits of the largest version.
constexpr std::size_t etag_characters_max = 28;

void trim(std::string_view& text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
}

}  // namespace

std::string etag_text(std::uint64_t version) {
    return to_base64(as_bytes(std::to_string(version)));
}

std::optional<std::uint64_t> etag_version(std::string_view etag) {
    if (etag.size() > etag_characters_max) return std::nullopt;
    const auto bytes = from_base64(etag);
    if (!bytes || bytes->empty()) return std::nullopt;
    const std::string_view digits = as_text(*bytes);
    std::uint64_t version = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, version);
    if (error != std::errc{} || stop != end || etag_text(version) != etag) return std::nullopt;
    return version;
}

IfMatch parse_if_match(std::string_view header) {
    trim(header);
    if (header.starts_with("W/")) header.remove_prefix(2);
    if (header.size() >= 2 && header.starts_with('"') && header.ends_with('"')) {
        header = header.substr(1, header.size() - 2);
    }
    if (header == "*") return {.any = true, .etag = {}};
    return {.any = false, .etag = std::string(header)};
}

bool is_list_of_tags(std::string_view header) {
    bool quoted = false;
    for (const char c : header) {
        if (c == '"') quoted = !quoted;
        if (c == ',' && !quoted) return true;
    }
    return false;
}

}  // namespace restante::wire
