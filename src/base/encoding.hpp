#pragma once
// Base64, hexadecimal and percent-encoding: how bytes travel inside text.

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace restante {

/// RFC 4648 section 4, with padding.
std::string to_base64(BytesView bytes);

/// Strict: padding required, no white space. nullopt on anything else.
std::optional<Bytes> from_base64(std::string_view text);

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(BytesView bytes);

/// Escapes every byte outside `A-Z a-z 0-9 - _ . ~`, with upper-case digits; space is %20.
std::string percent_encode(std::string_view text);

/// Decodes %xx and nothing else: '+' stays '+', and a '%' without two hex digits stays as it is,
/// because some clients send ids and values raw.
std::string percent_decode(std::string_view text);

}  // namespace restante
