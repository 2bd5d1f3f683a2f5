#include "base/clock.hpp"

namespace restante {

Now SystemClock::now() const {
    return {.wall = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()),
            .steady = std::chrono::floor<Milliseconds>(std::chrono::steady_clock::now())};
}

}  // namespace restante
