#pragma once
// Entity tags: the text form of an identity's version, and what a request says it wants to match.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restante::wire {

/// Base64 of the decimal version, as the service writes it: 0 is "MA==".
std::string etag_text(std::uint64_t version);

/// The version behind a tag of our making; nullopt for any other text. To clients tags are opaque.
std::optional<std::uint64_t> etag_version(std::string_view etag);

/// The condition in an If-Match header.
struct IfMatch {
    /// `*`: any version, as long as the thing exists.
    bool any = false;
    /// The tag without its quotes.
    std::string etag;

    bool matches(std::uint64_t version) const { return any || etag == etag_text(version); }
    bool operator==(const IfMatch&) const = default;
};

/// Reads what clients send: bare or quoted, `W/` in front or not; `"*"` means `*`.
IfMatch parse_if_match(std::string_view header);

/// Several tags, separated by commas: parse_if_match reads one.
bool is_list_of_tags(std::string_view header);

}  // namespace restante::wire
