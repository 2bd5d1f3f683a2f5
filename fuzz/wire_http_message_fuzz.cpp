// uses: wire
// A message as header fields: read from whatever a sender writes ('r'), and written from any text a
// property may hold ('w', one name or value a line). Either way it must come out as it went in.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "base/text.hpp"
#include "protocol/http/head.hpp"
#include "protocol/http/limits.hpp"
#include "wire/expiry_text.hpp"
#include "wire/http_message.hpp"
#include "wire/property_names.hpp"

namespace {

using namespace restante;

const model::DeviceId device = *model::DeviceId::parse("d");

/// Written, sent and read again; every field must be one that no peer can misread.
void expect_round_trip(const model::CloudToDeviceMessage& message) {
    http::Headers received;
    for (const auto& header : wire::to_http(message)) {
        RESTANTE_ASSERT(http::is_token(header.name));
        RESTANTE_ASSERT(
            std::ranges::all_of(header.value, [](char c) { return c >= ' ' && c <= '~'; }));
        const auto same = [&](const http::Header& other) {
            return iequals(other.name, header.name);
        };
        RESTANTE_ASSERT(std::ranges::none_of(received, same));
        auto parsed = http::parse_header_line(header.name + ':' + header.value);
        RESTANTE_ASSERT(parsed.has_value());
        received.add(std::move(parsed->name), std::move(parsed->value));
    }
    const auto again = wire::from_http(device, received, message.body);
    RESTANTE_ASSERT(again.has_value());
    RESTANTE_ASSERT(*again == message);
}

void fuzz_reading(std::string_view text) {
    http::Headers headers;
    for (const auto line : split(text, '\n')) {
        if (headers.size() == http::header_count_max) break;
        auto header = http::parse_header_line(line);
        if (header) headers.add(std::move(header->name), std::move(header->value));
    }
    const auto message = wire::from_http(device, headers, {});
    if (message) expect_round_trip(*message);
}

void fuzz_writing(std::string_view text) {
    if (!is_utf8(text)) return;
    model::CloudToDeviceMessage message;
    for (const auto line : split(text, '\n')) {
        if (message.properties.size() == http::header_count_max) break;
        const auto tab = line.find('\t');
        std::string name(line.substr(0, tab));
        const auto same = [&](const auto& property) { return property.first == name; };
        if (name.empty() || iequals(name, wire::ack_property)) continue;
        if (std::ranges::any_of(message.properties, same)) continue;
        message.properties.emplace_back(std::move(name),
                                        tab == std::string_view::npos ? "" : line.substr(tab + 1));
    }
    if (!text.empty()) message.content_type = std::string(text);
    if (!wire::from_http(device, wire::to_http(message), {})) return;  // beyond an MQTT topic
    expect_round_trip(message);
}

void fuzz_small_texts(std::string_view text) {
    static_cast<void>(wire::parse_expiry(text));
    if (const auto token = wire::parse_lock_token(text)) {
        RESTANTE_ASSERT(wire::parse_lock_token(wire::lock_token_etag(*token)) == token);
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] == 'r') fuzz_reading(text);
    if (data[0] == 'w') fuzz_writing(text);
    if (data[0] == 't') fuzz_small_texts(text);
    return 0;
}
