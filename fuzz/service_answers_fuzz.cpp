// uses: sdk_service
// What the service SDK reads of a hub's answers: 'f' a batch of feedback in an AMQP message, 'j'
// the JSON of the registry, by every reader there is. A hub that answers nonsense is an error of
// the kind that callers are told to expect, and no other.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "restante/service/exceptions.hpp"
#include "sdk/service/src/feedback_message.hpp"
#include "sdk/service/src/registry_json.hpp"

namespace {

using namespace restante;

void fuzz_feedback(BytesView bytes) {
    amqp::Delivered delivery{.link = {},
                             .id = {},
                             .tag = {},
                             .settled = false,
                             .message_format = 0,
                             .payload = Bytes(bytes.begin(), bytes.end())};
    delivery.tag =
        Bytes(bytes.begin(),
              bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 16)));
    const auto batch = service::read_feedback(delivery);
    if (!batch) {
        RESTANTE_ASSERT(batch.error().code == ErrorCode::malformed);
        return;
    }
    for (const auto& record : batch->records) {
        RESTANTE_ASSERT(!record.device_id.empty() && !record.status_code.empty());
    }
}

template <class Read>
void expect_hub_error(Read read, std::string_view body) {
    try {
        static_cast<void>(read(body));
    } catch (const IoTHubError& error) {
        RESTANTE_ASSERT(error.name() == "ProtocolError");
    }
}

void fuzz_registry(std::string_view body) {
    expect_hub_error(service::device_from_json, body);
    expect_hub_error(service::devices_from_json, body);
    expect_hub_error(service::module_from_json, body);
    expect_hub_error(service::modules_from_json, body);
    expect_hub_error(service::registry_statistics_from_json, body);
    expect_hub_error(service::service_statistics_from_json, body);
    expect_hub_error(service::purge_result_from_json, body);
    expect_hub_error(service::rows_from_json, body);
}

void fuzz_entry(std::string_view text) {
    try {
        const auto entry = ExportImportDevice::deserialize(std::string(text));
        RESTANTE_ASSERT(ExportImportDevice::deserialize(entry.serialize()).id == entry.id);
    } catch (const std::invalid_argument&) {
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView bytes(data + 1, size - 1);
    if (data[0] == 'f') fuzz_feedback(bytes);
    if (data[0] == 'j') fuzz_registry(as_text(bytes));
    if (data[0] == 'e') fuzz_entry(as_text(bytes));
    return 0;
}
