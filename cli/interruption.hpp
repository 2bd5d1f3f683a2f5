#pragma once
// Waiting for Ctrl-C, SIGTERM, the end of a time or a word from another thread, whichever is first.
//
// Made before the program's other threads, which inherit that the signals wait for wait(). After
// the first of them the second ends the process at once, as usual.

#include <csignal>
#include <optional>

#include "base/clock.hpp"

namespace restante::cli {

class Interruption {
  public:
    /// Throws std::system_error.
    Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption();

    /// Ends wait(), now or later. Any thread.
    void wake();
    /// Returns at the first of them, or when so much time has passed: then false.
    bool wait(std::optional<Milliseconds> at_most);

  private:
    sigset_t signals_{};
    int signal_descriptor_;
    int wake_descriptor_;
};

}  // namespace restante::cli
