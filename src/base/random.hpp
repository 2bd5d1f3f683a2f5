#pragma once
// Unpredictable bytes from the operating system, for keys, tokens and identifiers.

#include <cstddef>

#include "base/bytes.hpp"

namespace restante {

/// `count` bytes from getrandom(2). Throws std::system_error when the system has none to give.
Bytes random_bytes(std::size_t count);

}  // namespace restante
