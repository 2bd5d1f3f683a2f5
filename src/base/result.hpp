#pragma once
// Result<T>: a value, or the Error that explains its absence.
//
//     if (auto id = DeviceId::parse(text); !id) return std::unexpected(id.error());

#include <expected>

#include "base/error.hpp"

namespace restante {

template <class T>
using Result = std::expected<T, Error>;

/// Makes the failed branch of a Result: `return fail(ErrorCode::malformed, "...")`.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected(Error(code, std::move(message)));
}

}  // namespace restante
