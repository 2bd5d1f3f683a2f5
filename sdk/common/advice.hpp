#pragma once
// What both SDKs say of an error beside its text: whether to try again, and what to do next.

#include <string_view>

#include "base/error.hpp"

namespace restante::common {

/// Whether the same may succeed later without any change.
bool is_transient(ErrorCode code);

/// The next step: one sentence without its first capital and full stop.
std::string_view hint_of(ErrorCode code);

}  // namespace restante::common
