// uses: server
// policies.json ('p') and authorities.json ('a') after somebody's edits: either refused with a
// sentence, or written back as the same keyring.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "server/keyring_json.hpp"

namespace {

using namespace restante;

void fuzz_policies(std::string_view text) {
    const auto read = server::policies_from_json(text);
    if (!read) {
        RESTANTE_ASSERT(!read.error().message.empty());
        return;
    }
    RESTANTE_ASSERT(server::policies_from_json(server::policies_to_json(*read)) == *read);
}

void fuzz_authorities(std::string_view text) {
    const auto read = server::authorities_from_json(text);
    if (!read) {
        RESTANTE_ASSERT(!read.error().message.empty());
        return;
    }
    RESTANTE_ASSERT(server::authorities_from_json(server::authorities_to_json(*read)) == *read);
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] == 'p') fuzz_policies(text);
    if (data[0] == 'a') fuzz_authorities(text);
    return 0;
}
