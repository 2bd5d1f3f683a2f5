#include "gateway/http/routes/query.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>

#include "model/limits.hpp"
#include "wire/query_json.hpp"

namespace restante::gateway {
namespace {

namespace json = boost::json;
namespace query = core::query;
using model::limits::query_page_max;

json::value to_json(const query::Value& value) {
    // Doubles hold whole numbers exactly up to here; those are written without a point.
    constexpr double exact = 9'007'199'254'740'992;
    if (const auto* flag = value.get_if<bool>()) return *flag;
    if (const auto* text = value.get_if<std::string>()) return json::value(*text);
    if (const auto* number = value.get_if<double>()) {
        if (!std::isfinite(*number)) return nullptr;
        if (std::abs(*number) < exact && std::trunc(*number) == *number) {
            return static_cast<std::int64_t>(*number);
        }
        return *number;
    }
    if (const auto* items = value.get_if<query::Array>()) {
        json::array array;
        for (const auto& item : *items) array.push_back(to_json(item));
        return array;
    }
    if (const auto* members = value.get_if<query::Object>()) {
        json::object object;
        for (const auto& [name, member] : *members) object[name] = to_json(member);
        return object;
    }
    return nullptr;
}

std::string to_json(const query::Selected& selected) {
    const auto& [device, activity, module] = selected;
    if (module) {
        return wire::twin_json(
            {.device = device.id, .device_status = device.status, .identity = *module},
            device.iot_edge);
    }
    return wire::twin_json(
        {.identity = device,
         .connected = activity.connected,
         .last_activity_at = activity.last_activity_at,
         .cloud_to_device_message_count = activity.cloud_to_device_message_count});
}

std::string to_json(const query::Page& page) {
    std::vector<std::string> items;
    for (const auto& selected : page.selected) items.push_back(to_json(selected));
    for (const auto& row : page.rows) items.push_back(json::serialize(to_json(query::Value(row))));
    return fmt::format("[{}]", fmt::join(items, ","));
}

std::string_view item_type(const query::Page& page) {
    if (page.source == query::Source::jobs) return "DeviceJob";
    return page.whole ? "Twin" : "Raw";
}

/// 1 to 100; none, and any larger number, mean 100.
Result<std::size_t> read_page_size(const HttpExchange& exchange) {
    const auto text = exchange.request().headers.find(wire::max_item_count_header);
    if (!text || text->empty()) return query_page_max;
    std::size_t size = query_page_max;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, size);
    if (stop != end || error == std::errc::invalid_argument || size == 0) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("{} must be a whole number above 0", wire::max_item_count_header));
    }
    return std::min(size, query_page_max);
}

Result<query::Position> read_position(const HttpExchange& exchange) {
    const auto text = exchange.request().headers.find(wire::continuation_header);
    if (!text || text->empty()) return query::Position{};
    auto token = wire::ContinuationToken::parse(*text);
    if (!token) return std::unexpected(token.error());
    return query::Position{.device = std::move(token->device),
                           .module = std::move(token->module),
                           .given = token->given};
}

}  // namespace

void query_devices(HttpExchange& exchange) {
    const auto text = wire::query_from_json(as_text(exchange.request().body));
    if (!text) return exchange.fail(text.error());
    auto parsed = query::parse(*text);
    if (!parsed) return exchange.fail(parsed.error());
    const auto size = read_page_size(exchange);
    if (!size) return exchange.fail(size.error());
    auto position = read_position(exchange);
    if (!position) return exchange.fail(position.error());
    exchange.access().hub().registry().query(
        std::move(*parsed), *size, std::move(*position),
        exchange.on_answer<query::Page>([&exchange](const auto& page) {
            if (!page) return exchange.fail(page.error());
            http::Headers headers;
            headers.add(std::string(wire::item_type_header), std::string(item_type(*page)));
            if (const auto& next = page->next) {
                const wire::ContinuationToken token{
                    .device = next->device, .module = next->module, .given = next->given};
                headers.add(std::string(wire::continuation_header), token.to_text());
            }
            exchange.respond_json(200, to_json(*page), std::move(headers));
        }));
}

}  // namespace restante::gateway
