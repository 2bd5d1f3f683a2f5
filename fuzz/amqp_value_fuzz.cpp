// uses: protocol_amqp
// Whatever the AMQP codec reads, it writes so that it reads the same again.

#include "base/assert.hpp"
#include "protocol/amqp/message.hpp"
#include "protocol/amqp/performative_codec.hpp"
#include "protocol/amqp/value_codec.hpp"

using namespace restante;
using namespace restante::amqp;

namespace {

// Encodings are compared, not values: a float may be a NaN, which equals nothing.
void check_value(BytesView bytes) {
    const auto value = decode_value(bytes);
    if (!value) return;
    const Bytes encoded = encode_value(*value);
    const auto again = decode_value(encoded);
    RESTANTE_ASSERT(again.has_value());
    RESTANTE_ASSERT(encode_value(*again) == encoded);
}

void check_message(BytesView bytes) {
    const auto message = decode_message(bytes);
    if (!message) return;
    const Bytes encoded = encode_message(*message);
    const auto again = decode_message(encoded);
    RESTANTE_ASSERT(again.has_value());
    RESTANTE_ASSERT(encode_message(*again) == encoded);
}

template <class Variant>
Bytes encoded(const Variant& variant) {
    Bytes out;
    std::visit([&](const auto& body) { write(out, body); }, variant);
    return out;
}

void check_performative(BytesView bytes) {
    ByteReader in(bytes);
    const auto performative = read_performative(in);
    if (!performative) return;
    const Bytes first = encoded(*performative);
    ByteReader reader(first);
    const auto again = read_performative(reader);
    RESTANTE_ASSERT(again.has_value() && reader.empty());
    RESTANTE_ASSERT(encoded(*again) == first);
}

void check_sasl(BytesView bytes) {
    const auto frame = decode_sasl_frame(bytes);
    if (!frame) return;
    const Bytes first = encoded(*frame);
    const auto again = decode_sasl_frame(first);
    RESTANTE_ASSERT(again.has_value());
    RESTANTE_ASSERT(encoded(*again) == first);
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView bytes(data + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            check_value(bytes);
            break;
        case 1:
            check_message(bytes);
            break;
        case 2:
            check_performative(bytes);
            break;
        default:
            check_sasl(bytes);
            break;
    }
    return 0;
}
