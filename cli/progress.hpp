#pragma once
// A line on the terminal that counts, rewritten in place. Elsewhere nothing is shown.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace restante::cli {

class Progress {
  public:
    explicit Progress(std::string what) : what_(std::move(what)) {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// Leaves the line to whoever writes next.
    ~Progress() {
        if (drawn_) fmt::print(stderr, "\r{}\r", std::string(width_, ' '));
    }

    void show(std::size_t count) {
        if (!terminal_ || count < next_) return;
        next_ = count + step;
        drawn_ = true;
        fmt::print(stderr, "\r{:>12} {}", count, what_);
        std::fflush(stderr);
    }

  private:
    static constexpr std::size_t step = 1000;
    static constexpr std::size_t width_ = 60;

    std::string what_;
    bool terminal_ = isatty(STDERR_FILENO) == 1;
    bool drawn_ = false;
    std::size_t next_ = step;
};

}  // namespace restante::cli
