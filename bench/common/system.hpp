#pragma once
// The little that the programs ask of the system directly: descriptors that close themselves, and
// failures that name their cause.

#include <string_view>
#include <utility>

namespace restante::bench {

class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~Descriptor();

    int get() const { return value_; }

  private:
    int value_ = -1;
};

/// std::runtime_error: `what`, then errno's text.
[[noreturn]] void throw_errno(std::string_view what);

/// `result`, unless it is negative: then throw_errno().
int check(int result, std::string_view what);

}  // namespace restante::bench
