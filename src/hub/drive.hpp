#pragma once
// Who runs a hub's loop: a thread of its own or, where a test decides what happens when, whoever
// calls run_pending().

#include <cstdint>

namespace restante::hub {

enum class Drive : std::uint8_t { own_thread, run_pending };

}  // namespace restante::hub
