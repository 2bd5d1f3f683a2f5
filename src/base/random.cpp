#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace restante {

Bytes random_bytes(std::size_t count) {
    Bytes bytes(count);
    std::size_t filled = 0;
    while (filled < count) {
        const auto got = getrandom(bytes.data() + filled, count - filled, 0);
        if (got > 0) {
            filled += static_cast<std::size_t>(got);
        } else if (errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
    }
    return bytes;
}

}  // namespace restante
