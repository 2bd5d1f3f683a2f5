#include "gateway/http/routes/devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gateway/http/routes/if_match.hpp"
#include "model/limits.hpp"
#include "wire/device_json.hpp"
#include "wire/query_json.hpp"

namespace restante::gateway {
namespace {

using model::DeviceDescription;
using model::limits::device_list_max;

/// 1 to 1000; any other number, or none, means 1000.
Result<std::size_t> read_top(const http::Target& target) {
    auto text = target.find_query("top");
    if (!text) return device_list_max;
    const bool negative = text->starts_with('-');
    if (negative) text->remove_prefix(1);
    std::size_t top = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, top);
    if (text->empty() || stop != end || error == std::errc::invalid_argument) {
        return fail(ErrorCode::argument_invalid, "top must be a whole number");
    }
    const bool inside = !negative && error == std::errc{} && top >= 1 && top <= device_list_max;
    return inside ? top : device_list_max;
}

/// Where the list before ended: this hub's own addition, since a thousand are not always all.
Result<std::optional<model::DeviceId>> read_place(const HttpExchange& exchange) {
    const auto text = exchange.request().headers.find(wire::continuation_header);
    if (!text || text->empty()) return std::nullopt;
    const auto token = wire::ContinuationToken::parse(*text);
    if (!token) return std::unexpected(token.error());
    auto id = model::DeviceId::parse(token->device);
    if (!id) return std::unexpected(id.error());
    return std::move(*id);
}

void respond_with(HttpExchange& exchange, const Result<DeviceDescription>& device) {
    if (!device) return exchange.fail(device.error());
    const std::string etag = fmt::format("\"{}\"", wire::etag_text(device->identity.version));
    exchange.respond_json(200, wire::to_json(*device), {{"ETag", etag}});
}

}  // namespace

void list_devices(HttpExchange& exchange) {
    const auto top = read_top(exchange.target());
    if (!top) return exchange.fail(top.error());
    auto behind = read_place(exchange);
    if (!behind) return exchange.fail(behind.error());
    exchange.access().hub().registry().list_devices(
        *top, std::move(*behind),
        exchange.on_answer<hub::DeviceList>([&exchange](const auto& list) {
            if (!list) return exchange.fail(list.error());
            http::Headers headers;
            if (list->more && !list->devices.empty()) {
                const wire::ContinuationToken token{
                    .device = list->devices.back().identity.id.value(), .module = {}};
                headers.add(std::string(wire::continuation_header), token.to_text());
            }
            exchange.respond_json(200, wire::to_json(list->devices), std::move(headers));
        }));
}

void find_device(HttpExchange& exchange) {
    auto id = model::DeviceId::parse(exchange.segment(1));
    if (!id) return exchange.fail(id.error());
    exchange.access().hub().registry().find_device(
        std::move(*id), exchange.on_answer<DeviceDescription>(
                            [&exchange](const auto& device) { respond_with(exchange, device); }));
}

void put_device(HttpExchange& exchange) {
    const auto id = model::DeviceId::parse(exchange.segment(1));
    if (!id) return exchange.fail(id.error());
    auto definition = wire::definition_from_json(as_text(exchange.request().body), *id);
    if (!definition) return exchange.fail(definition.error());
    const auto condition = write_condition(exchange);
    if (!condition) return exchange.fail(condition.error());
    exchange.access().hub().registry().put_device(
        std::move(*definition), *condition,
        exchange.on_answer<DeviceDescription>(
            [&exchange](const auto& device) { respond_with(exchange, device); }));
}

void delete_device(HttpExchange& exchange) {
    auto id = model::DeviceId::parse(exchange.segment(1));
    if (!id) return exchange.fail(id.error());
    const auto expected = expected_version(exchange);
    if (!expected) return exchange.fail(expected.error());
    exchange.access().hub().registry().delete_device(
        std::move(*id), *expected, exchange.on_answer<void>([&exchange](const auto& done) {
            if (!done) return exchange.fail(done.error());
            exchange.respond(204);
        }));
}

}  // namespace restante::gateway
