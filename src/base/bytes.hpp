#pragma once
// Bytes owned and bytes seen: what engines take in and give out, and what a message body is.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restante {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

inline std::string_view as_text(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string to_text(BytesView bytes) {
    return std::string(as_text(bytes));
}

inline Bytes to_bytes(BytesView bytes) {
    return Bytes(bytes.begin(), bytes.end());
}

inline Bytes to_bytes(std::string_view text) {
    return to_bytes(as_bytes(text));
}

inline void append(Bytes& bytes, BytesView more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

inline void append(Bytes& bytes, std::string_view more) {
    append(bytes, as_bytes(more));
}

}  // namespace restante
