// uses: wire
// A sent AMQP message, from its bytes to the model. What the hub accepts our writer gives back, and
// a device can have it.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/assert.hpp"
#include "protocol/amqp/message.hpp"
#include "wire/amqp_message.hpp"
#include "wire/topic.hpp"

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace restante;
    auto decoded = amqp::decode_message({data, size});
    if (!decoded) return 0;
    const auto sent = wire::from_amqp(std::move(*decoded));
    if (!sent) return 0;
    const auto again = amqp::decode_message(amqp::encode_message(wire::to_amqp(sent->message)));
    RESTANTE_ASSERT(again.has_value());
    const auto sent_again = wire::from_amqp(*again);
    RESTANTE_ASSERT(sent_again && sent_again->message == sent->message);
    RESTANTE_ASSERT(sent_again->target == sent->target);

    const model::DeviceId& device = sent->target.id;
    RESTANTE_ASSERT(wire::devicebound_topic(device, sent->message).has_value());
    model::LockedMessage locked;
    locked.message = std::make_shared<const model::CloudToDeviceMessage>(sent->message);
    const Bytes delivery = amqp::encode_message(wire::to_amqp(device, locked));
    RESTANTE_ASSERT(amqp::decode_message(delivery).has_value());
    return 0;
}
