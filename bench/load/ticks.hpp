#pragma once
// Time as the load program counts it: microseconds, where base/clock counts the milliseconds that
// protocols live by.

#include <time.h>

#include <chrono>

namespace restante::load {

using Ticks = std::chrono::microseconds;

/// Since an arbitrary moment; never jumps.
inline Ticks now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::chrono::duration_cast<Ticks>(std::chrono::seconds(time.tv_sec) +
                                             std::chrono::nanoseconds(time.tv_nsec));
}

inline double seconds(Ticks ticks) {
    return std::chrono::duration<double>(ticks).count();
}

}  // namespace restante::load
