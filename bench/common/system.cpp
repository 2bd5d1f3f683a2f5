#include "common/system.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace restante::bench {

Descriptor::~Descriptor() {
    if (value_ >= 0) ::close(value_);
}

void throw_errno(std::string_view what) {
    const int cause = errno;
    throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(cause)));
}

int check(int result, std::string_view what) {
    if (result < 0) throw_errno(what);
    return result;
}

}  // namespace restante::bench
