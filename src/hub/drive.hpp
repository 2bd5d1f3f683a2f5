#pragma once
// Who does a hub's work: those who call it or, where a test decides what happens when, whoever
// calls run_pending().

#include <cstdint>

namespace restante::hub {

enum class Drive : std::uint8_t { own_thread, run_pending };

}  // namespace restante::hub
