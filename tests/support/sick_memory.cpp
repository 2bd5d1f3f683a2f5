// Memory that runs out once, for a program under test: preloaded, it lets the n-th allocation fail.
//
//     SICK_MEMORY_AT      n; without it nothing fails
//     SICK_MEMORY_COUNT   a file for the number of allocations, written at the end
//
// Allocations before this library's own start, which are the loader's, do not count. The program's
// allocator does the rest, and has what is freed.

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

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

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void* allocate(std::size_t size) {
    static const auto real = next<void*(std::size_t)>("malloc");
    return fails() ? nullptr : real(size);
}
void* allocate(std::size_t alignment, std::size_t size) {
    static const auto real = next<void*(std::size_t, std::size_t)>("memalign");
    return fails() ? nullptr : real(alignment, size);
}
void* or_throw(void* block) {
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
    return allocate(size);
}
void* calloc(std::size_t count, std::size_t size) {
    static const auto real = next<void*(std::size_t, std::size_t)>("calloc");
    return fails() ? nullptr : real(count, size);
}
void* realloc(void* block, std::size_t size) {
    static const auto real = next<void*(void*, std::size_t)>("realloc");
    return fails() ? nullptr : real(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    return allocate(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return allocate(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    *block = allocate(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}
}

// The allocator has operators of its own, which do not come by malloc.
void* operator new(std::size_t size) {
    return or_throw(allocate(size));
}
void* operator new[](std::size_t size) {
    return or_throw(allocate(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return or_throw(allocate(static_cast<std::size_t>(alignment), size));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return or_throw(allocate(static_cast<std::size_t>(alignment), size));
}
