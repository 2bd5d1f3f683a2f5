// uses: store
// The decoders of the store's records and keys: any bytes are refused or mean exactly one thing.
//
// The first byte of an input picks the decoder.

#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "store/keys.hpp"
#include "store/records.hpp"

namespace {

using restante::BytesView;
using restante::Result;

void expect_same(BytesView given, const restante::Bytes& encoded) {
    RESTANTE_ASSERT(restante::as_text(given) == restante::as_text(encoded));
}

template <class Value>
void expect_round_trip(BytesView record, const Result<Value>& value) {
    if (value) expect_same(record, restante::store::encode(*value));
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace restante::store;
    constexpr std::uint8_t kinds = 11;
    if (size == 0) return 0;
    const BytesView record(data + 1, size - 1);
    switch (data[0] % kinds) {
        case 0: {
            const auto id = restante::model::DeviceId::parse("device");
            expect_round_trip(record, decode_device_identity(*id, record));
            break;
        }
        case 1:
            expect_round_trip(record, decode_queued_message({1}, record));
            break;
        case 2:
            expect_round_trip(record, decode_message(record));
            break;
        case 3:
            expect_round_trip(record, decode_next_sequence(record));
            break;
        case 4:
            expect_round_trip(record, decode_mqtt_subscriptions(record));
            break;
        case 5:
            if (const auto id = parse_device_key(record)) expect_same(record, device_key(*id));
            break;
        case 6:
            if (const auto key = parse_message_key(record)) {
                expect_same(record, message_key(key->device, key->sequence));
            }
            break;
        case 7: {
            const auto id = restante::model::ModuleId::parse("module");
            expect_round_trip(record, decode_module_identity(*id, record));
            break;
        }
        case 8:
            if (const auto key = parse_module_key(record)) {
                expect_same(record, module_key(key->device, key->module));
            }
            break;
        case 9:
            expect_round_trip(record, decode_feedback_record(record));
            break;
        case 10:
            expect_round_trip(record, decode_feedback_batch(record));
            break;
    }
    return 0;
}
