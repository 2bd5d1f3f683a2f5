// uses: wire
// The JSON of identities, as a hub and as a service client read it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "wire/device_json.hpp"

namespace {

using namespace restante;

void fuzz_definition(std::string_view body) {
    const auto id = *model::DeviceId::parse("d");
    const auto read = wire::definition_from_json(body, id);
    if (!read) return;
    const auto again = wire::definition_from_json(wire::to_json(*read), id);
    RESTANTE_ASSERT(again.has_value());
    RESTANTE_ASSERT(again->status == read->status && again->iot_edge == read->iot_edge);
    RESTANTE_ASSERT(again->status_reason == read->status_reason);
    RESTANTE_ASSERT(again->authentication == read->authentication);
    RESTANTE_ASSERT(again->device_scope == read->device_scope);
    RESTANTE_ASSERT(again->parent_scope.value_or("") == read->parent_scope.value_or(""));
}

void fuzz_received(std::string_view body) {
    static_cast<void>(wire::devices_from_json(body));
    const auto read = wire::device_from_json(body);
    if (!read) return;
    const auto again = wire::device_from_json(wire::to_json(read->description));
    RESTANTE_ASSERT(again.has_value());
    RESTANTE_ASSERT(again->description.identity == read->description.identity);
    RESTANTE_ASSERT(again->description.connected == read->description.connected);
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body{reinterpret_cast<const char*>(data), size};
    fuzz_definition(body);
    fuzz_received(body);
    return 0;
}
