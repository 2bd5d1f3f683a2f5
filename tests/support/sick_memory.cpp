// Memory that runs out once, for a program under test: preloaded, it lets the n-th allocation fail.
//
//     SICK_MEMORY_AT      n; without it nothing fails
//     SICK_MEMORY_COUNT   a file for the number of allocations, written at the end
//
// Allocations before this library's own start, which are the loader's, do not count.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

std::atomic<std::uint64_t> seen{0};
std::atomic<std::uint64_t> fails_at{0};

bool fails() {
    if (seen.fetch_add(1, std::memory_order_relaxed) + 1 != fails_at.load()) return false;
    errno = ENOMEM;
    return true;
}

struct Beginning {
    Beginning() {
        std::uint64_t number = 0;
        if (const char* text = std::getenv("SICK_MEMORY_AT")) {
            std::from_chars(text, text + std::strlen(text), number);
        }
        seen = 0;
        fails_at = number;
    }
    ~Beginning() {
        const char* name = std::getenv("SICK_MEMORY_COUNT");
        if (name == nullptr) return;
        const std::string text = std::to_string(seen.load());
        const int file = ::open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (::write(file, text.data(), text.size()) < 0) std::abort();
        ::close(file);
    }
} beginning;

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
    return fails() ? nullptr : __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    return fails() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
    return fails() ? nullptr : __libc_realloc(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    return fails() ? nullptr : __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    *block = memalign(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}
}
