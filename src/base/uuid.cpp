#include "base/uuid.hpp"

#include <algorithm>

#include "base/random.hpp"

namespace restante {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// Where each byte of the text form stands in a .NET GUID. The permutation is its own inverse.
constexpr std::array<std::size_t, 16> guid_order{3, 2, 1,  0,  5,  4,  7,  6,
                                                 8, 9, 10, 11, 12, 13, 14, 15};

std::optional<std::uint8_t> hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

bool is_dash_position(std::size_t i) {
    return i == 8 || i == 13 || i == 18 || i == 23;
}

}  // namespace

Uuid Uuid::random() {
    Uuid uuid;
    const Bytes random = random_bytes(uuid.bytes.size());
    std::copy(random.begin(), random.end(), uuid.bytes.begin());
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid;
    std::size_t nibble = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash_position(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const auto value = hex_value(text[i]);
        if (!value) return std::nullopt;
        auto& byte = uuid.bytes[nibble / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | *value);
        ++nibble;
    }
    return uuid;
}

std::string Uuid::to_string() const {
    std::string text;
    text.reserve(36);
    for (const std::uint8_t byte : bytes) {
        if (is_dash_position(text.size())) text += '-';
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 0x0F];
    }
    return text;
}

std::array<std::uint8_t, 16> Uuid::to_guid_bytes() const {
    std::array<std::uint8_t, 16> guid{};
    for (std::size_t i = 0; i < guid.size(); ++i) guid[i] = bytes[guid_order[i]];
    return guid;
}

Uuid Uuid::from_guid_bytes(const std::array<std::uint8_t, 16>& guid) {
    Uuid uuid;
    for (std::size_t i = 0; i < guid.size(); ++i) uuid.bytes[i] = guid[guid_order[i]];
    return uuid;
}

}  // namespace restante
