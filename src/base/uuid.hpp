#pragma once
// A 128-bit identifier in its two spellings: the text form, and the byte order .NET gives a GUID,
// which is how the service writes one into a delivery tag.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restante {

struct Uuid {
    /// In the order of the text form.
    std::array<std::uint8_t, 16> bytes{};

    /// A random (version 4) identifier.
    static Uuid random();

    /// Reads the canonical form, in either case.
    static std::optional<Uuid> parse(std::string_view text);

    /// "00112233-4455-6677-8899-aabbccddeeff"
    std::string to_string() const;

    /// The first three groups little-endian, the rest as written.
    std::array<std::uint8_t, 16> to_guid_bytes() const;
    static Uuid from_guid_bytes(const std::array<std::uint8_t, 16>& guid);

    auto operator<=>(const Uuid&) const = default;
};

}  // namespace restante
