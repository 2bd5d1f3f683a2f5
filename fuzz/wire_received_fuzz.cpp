// uses: wire
// What our SDKs read from whoever calls itself a hub: 't' the answer to a token put on AMQP, 'a' a
// message over AMQP, 'h' the header fields of a message over HTTPS, one a line. Accepted means
// small: a hub that lies makes no client grow beyond what it sent.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "base/text.hpp"
#include "protocol/amqp/message.hpp"
#include "protocol/http/head.hpp"
#include "protocol/http/limits.hpp"
#include "wire/amqp_message.hpp"
#include "wire/cbs.hpp"
#include "wire/http_device_message.hpp"

namespace {

using namespace restante;

void fuzz_token_answer(BytesView bytes) {
    const auto answer = wire::read_put_token_answer(bytes);
    RESTANTE_ASSERT(answer || !answer.error().message.empty());
}

void fuzz_amqp(BytesView bytes) {
    auto message = amqp::decode_message(bytes);
    if (!message) return;
    const auto read = wire::from_devicebound(std::move(*message));
    if (!read) return;
    RESTANTE_ASSERT(read->body.size() <= bytes.size());
    const auto again = wire::from_devicebound(wire::to_amqp(*read));
    RESTANTE_ASSERT(again && again->body == read->body && again->message_id == read->message_id);
    RESTANTE_ASSERT(again->properties == read->properties);
}

void fuzz_fields(std::string_view text) {
    http::Headers headers;
    for (const auto line : split(text, '\n')) {
        if (headers.size() == http::header_count_max) break;
        auto header = http::parse_header_line(line);
        if (header) headers.add(std::move(header->name), std::move(header->value));
    }
    const auto read = wire::devicebound_from_http(headers);
    if (!read) return;
    RESTANTE_ASSERT(read->properties.size() <= headers.size());
    for (const auto& [name, value] : read->properties) {
        RESTANTE_ASSERT(is_utf8(name) && is_utf8(value));
    }
    // A device may send on as telemetry what it was sent.
    for (const auto& header : wire::telemetry_to_http(*read)) {
        RESTANTE_ASSERT(http::is_token(header.name));
        RESTANTE_ASSERT(
            std::ranges::all_of(header.value, [](char c) { return c >= ' ' && c <= '~'; }));
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView bytes(data + 1, size - 1);
    if (data[0] == 't') fuzz_token_answer(bytes);
    if (data[0] == 'a') fuzz_amqp(bytes);
    if (data[0] == 'h') fuzz_fields(as_text(bytes));
    return 0;
}
