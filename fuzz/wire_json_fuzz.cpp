// uses: wire
// The JSON bodies beside those of single devices: 'b' a bulk request, 'r' its answer as a service
// client reads it, 'k' a request for new keys, 'm' a module, 'q' a query, 'c' the token of a
// query's next page.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "base/text.hpp"
#include "model/limits.hpp"
#include "wire/bulk_json.hpp"
#include "wire/key_rotation_json.hpp"
#include "wire/module_json.hpp"
#include "wire/query_json.hpp"

namespace {

using namespace restante;

void fuzz_bulk(std::string_view body) {
    const auto entries = wire::bulk_from_json(body);
    if (!entries) return;
    RESTANTE_ASSERT(!entries->empty() && entries->size() <= model::limits::bulk_entries_max);
    std::vector<wire::BulkFailure> failures;
    for (const auto& entry : *entries) {
        RESTANTE_ASSERT(!entry.device_id.empty());
        if (!entry.write) {
            failures.push_back({entry.device_id, entry.module_id, entry.write.error()});
            continue;
        }
        RESTANTE_ASSERT(entry.write->device.id.value() == entry.device_id);
        RESTANTE_ASSERT(entry.write->module.has_value() == !entry.module_id.empty());
    }
    const auto told = wire::bulk_result_from_json(wire::bulk_result_json(failures));
    RESTANTE_ASSERT(told && told->size() == failures.size());
}

void fuzz_bulk_result(std::string_view body) {
    const auto failures = wire::bulk_result_from_json(body);
    if (!failures) return;
    const auto again = wire::bulk_result_from_json(wire::bulk_result_json(*failures));
    RESTANTE_ASSERT(again && *again == *failures);
}

void fuzz_rotation(std::string_view body) {
    const auto request = wire::rotation_from_json(body);
    if (!request) return;
    const std::size_t places = request->rotation.places.size() + request->failures.size();
    RESTANTE_ASSERT(places > 0 && places <= model::limits::bulk_entries_max);
}

void fuzz_module(std::string_view body) {
    const auto device = *model::DeviceId::parse("d");
    const auto id = *model::ModuleId::parse("m");
    const auto read = wire::module_from_json(body, device, id);
    if (!read) return;
    RESTANTE_ASSERT(read->device == device && read->id == id);
    const model::ModuleIdentity identity{.id = id,
                                         .generation_id = "1",
                                         .version = 1,
                                         .managed_by = read->managed_by,
                                         .authentication = read->authentication};
    const model::ModuleDescription written{.device = device,
                                           .device_status = model::DeviceStatus::enabled,
                                           .identity = identity,
                                           .connected = false,
                                           .connection_state_updated_at = std::nullopt,
                                           .last_activity_at = std::nullopt};
    const auto again = wire::module_from_json(wire::to_json(written), device, id);
    RESTANTE_ASSERT(again && again->authentication == read->authentication);
    RESTANTE_ASSERT(again->managed_by.value_or("") == read->managed_by.value_or(""));
}

void fuzz_query(std::string_view body) {
    const auto query = wire::query_from_json(body);
    if (!query) return;
    RESTANTE_ASSERT(is_utf8(*query));
    RESTANTE_ASSERT(wire::query_from_json(wire::query_to_json(*query)) == *query);
}

void fuzz_continuation(std::string_view text) {
    const auto token = wire::ContinuationToken::parse(text);
    if (!token) return;
    const auto again = wire::ContinuationToken::parse(token->to_text());
    RESTANTE_ASSERT(again && again->device == token->device && again->module == token->module);
    RESTANTE_ASSERT(again->given == token->given);
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] == 'b') fuzz_bulk(text);
    if (data[0] == 'r') fuzz_bulk_result(text);
    if (data[0] == 'k') fuzz_rotation(text);
    if (data[0] == 'm') fuzz_module(text);
    if (data[0] == 'q') fuzz_query(text);
    if (data[0] == 'c') fuzz_continuation(text);
    return 0;
}
