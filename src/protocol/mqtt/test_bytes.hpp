#pragma once
// Packets in tests as the specification prints them: bytes("20 02 00 00"), and text in quotes:
// bytes("30 05 0003 'a/b'"). For unit tests only.

#include <string_view>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace restante::mqtt::test {

inline Bytes bytes(std::string_view notation) {
    constexpr std::string_view digits = "0123456789abcdef";
    Bytes out;
    while (!notation.empty()) {
        if (notation.front() == ' ') {
            notation.remove_prefix(1);
        } else if (notation.front() == '\'') {
            const auto end = notation.find('\'', 1);
            RESTANTE_ASSERT(end != std::string_view::npos);
            append(out, notation.substr(1, end - 1));
            notation.remove_prefix(end + 1);
        } else {
            RESTANTE_ASSERT(notation.size() >= 2);
            const auto high = digits.find(notation[0]);
            const auto low = digits.find(notation[1]);
            RESTANTE_ASSERT(high != std::string_view::npos && low != std::string_view::npos);
            out.push_back(static_cast<std::uint8_t>(high << 4 | low));
            notation.remove_prefix(2);
        }
    }
    return out;
}

}  // namespace restante::mqtt::test
