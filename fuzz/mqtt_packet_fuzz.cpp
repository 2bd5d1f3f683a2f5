// uses: protocol_mqtt
// Any bytes as an MQTT packet: no crash, and whatever decodes encodes to the same packet.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "protocol/mqtt/codec.hpp"
#include "protocol/mqtt/topic_filter.hpp"

namespace {

using restante::Bytes;
using restante::BytesView;
namespace mqtt = restante::mqtt;

constexpr std::size_t packet_bytes_max = 262'144;

void check_filters(const mqtt::Packet& packet) {
    const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet);
    if (subscribe == nullptr) return;
    for (const auto& [filter, qos] : subscribe->subscriptions) {
        // A filter without wildcards is also a topic, and matches itself.
        if (!mqtt::topic_name_fault(filter)) RESTANTE_ASSERT(mqtt::matches(filter, filter));
        for (const auto& other : subscribe->subscriptions) mqtt::matches(filter, other.filter);
    }
}

void check_round_trip(const mqtt::Frame& frame, BytesView input) {
    const auto packet = mqtt::decode(frame);
    if (!packet) return;
    check_filters(*packet);

    Bytes out;
    RESTANTE_ASSERT(mqtt::encode(*packet, out));
    const auto again = mqtt::parse_frame(out, packet_bytes_max);
    RESTANTE_ASSERT(again && *again && (*again)->size == out.size());
    const auto decoded = mqtt::decode(**again);
    RESTANTE_ASSERT(decoded && *decoded == *packet);
    // Only the remaining length can be spelled in more than one way.
    RESTANTE_ASSERT(out.size() <= frame.size);
    if (out.size() == frame.size) {
        RESTANTE_ASSERT(std::equal(out.begin(), out.end(), input.begin()));
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    BytesView input(data, size);
    while (!input.empty()) {
        const auto frame = mqtt::parse_frame(input, packet_bytes_max);
        if (!frame || !*frame) break;
        mqtt::connect_level(**frame);
        check_round_trip(**frame, input);
        input = input.subspan((*frame)->size);
    }
    return 0;
}
