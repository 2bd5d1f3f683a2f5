// uses: core
// The parser of queries, and what it lets through on one identity.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "core/query/execution.hpp"

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace restante;
    namespace query = core::query;
    auto parsed = query::parse({reinterpret_cast<const char*>(data), size});
    if (!parsed) return 0;
    RESTANTE_ASSERT(size <= query::query_characters_max);
    const model::DeviceIdentity device{.id = *model::DeviceId::parse("d")};
    const std::vector modules{model::ModuleIdentity{.id = *model::ModuleId::parse("m")}};
    query::Execution execution(std::move(*parsed), 1, {},
                               [](const auto&) { return query::Activity{}; });
    if (!execution.full()) execution.offer(device, modules);
    const auto page = execution.finish(!execution.full());
    if (page) RESTANTE_ASSERT(page->selected.size() + page->rows.size() <= 1);
    return 0;
}
