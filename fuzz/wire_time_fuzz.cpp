// uses: wire
// Moments and spans of time as text: 'e' an expiry in any of its spellings, 'i' ISO 8601, 'd' an
// ISO 8601 duration. What a reader takes, its writer spells so that it reads the same again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "base/timestamp.hpp"
#include "wire/expiry_text.hpp"

namespace {

using namespace restante;

constexpr WallTime year_10000 = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};

void fuzz_moment(std::string_view text) {
    const auto time = parse_iso8601(text);
    if (!time) return;
    const auto again = parse_iso8601(to_iso8601(*time));
    RESTANTE_ASSERT(again && *again == *time);
    RESTANTE_ASSERT(parse_iso8601(to_iso8601_without_zone(*time)) == *time);
}

void fuzz_expiry(std::string_view text) {
    const auto time = wire::parse_expiry(text);
    if (!time) {
        RESTANTE_ASSERT(!time.error().message.empty());
        return;
    }
    RESTANTE_ASSERT(*time < year_10000);
    RESTANTE_ASSERT(wire::parse_expiry(to_iso8601(*time)) == *time);
}

void fuzz_duration(std::string_view text) {
    const auto duration = parse_iso8601_duration(text);
    if (!duration) return;
    RESTANTE_ASSERT(*duration >= Milliseconds(0));
    RESTANTE_ASSERT(parse_iso8601_duration(to_iso8601_duration(*duration)) == *duration);
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] == 'e') fuzz_expiry(text);
    if (data[0] == 'i') fuzz_moment(text);
    if (data[0] == 'd') fuzz_duration(text);
    return 0;
}
