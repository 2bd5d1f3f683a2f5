#include "gateway/http/routes/devicebound.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "gateway/http/routes/settlement.hpp"
#include "wire/http_message.hpp"

namespace restante::gateway {
namespace {

/// Of the path: /devices/{id}/messages/devicebound/{token}
constexpr std::size_t token_segment = 4;

constexpr std::string_view lock_timeout_name = "iothub-messagelocktimeout";

Result<std::optional<Milliseconds>> read_lock_duration(const HttpExchange& exchange) {
    auto text = exchange.target().find_query(lock_timeout_name);
    if (!text) text = exchange.request().headers.find(lock_timeout_name);
    if (!text) return std::nullopt;
    std::chrono::seconds::rep count = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, count);
    const std::chrono::seconds duration{count};
    if (error != std::errc{} || stop != end || duration < http_lock_duration_min ||
        duration > http_lock_duration_max) {
        return fail(
            ErrorCode::argument_invalid,
            fmt::format("{} must be a whole number of seconds from {} to {}", lock_timeout_name,
                        http_lock_duration_min.count(), http_lock_duration_max.count()));
    }
    return duration;
}

/// Java writes its question mark twice, the second one escaped.
bool wants_reject(const http::Target& target) {
    return target.find_query("reject") || target.find_query("?reject");
}

void respond_with(HttpExchange& exchange, const model::LockedMessage& locked) {
    // The type of the body as HTTP has it. The message's own is in ContentType.
    http::Headers headers{{"Content-Type", "application/octet-stream"}};
    const auto device = model::DeviceId::parse(exchange.segment(1));
    for (const auto& header : wire::to_http(*device, locked)) {
        headers.add(header.name, header.value);
    }
    exchange.respond(200, std::move(headers), locked.message->body);
}

}  // namespace

void receive_message(HttpExchange& exchange) {
    auto device = model::DeviceId::parse(exchange.segment(1));
    if (!device) return exchange.fail(device.error());
    const auto duration = read_lock_duration(exchange);
    if (!duration) return exchange.fail(duration.error());
    using Received = std::optional<model::LockedMessage>;
    exchange.access().hub().receive_one(
        std::move(*device), *duration,
        exchange.on_answer<Received>([&exchange](const Result<Received>& locked) {
            if (!locked) return exchange.fail(locked.error());
            if (!*locked) return exchange.respond(204);
            respond_with(exchange, **locked);
        }));
}

void settle_message(HttpExchange& exchange) {
    auto device = model::DeviceId::parse(exchange.segment(1));
    if (!device) return exchange.fail(device.error());
    const auto token = read_lock_token(exchange.segment(token_segment));
    if (!token) return exchange.fail(token.error());
    auto& hub = exchange.access().hub();
    if (wants_reject(exchange.target())) {
        return hub.reject(std::move(*device), *token, respond_settled(exchange));
    }
    hub.complete(std::move(*device), *token, respond_settled(exchange));
}

void abandon_message(HttpExchange& exchange) {
    auto device = model::DeviceId::parse(exchange.segment(1));
    if (!device) return exchange.fail(device.error());
    const auto token = read_lock_token(exchange.segment(token_segment));
    if (!token) return exchange.fail(token.error());
    exchange.access().hub().abandon(std::move(*device), *token, respond_settled(exchange));
}

void send_message(HttpExchange& exchange) {
    auto device = model::DeviceId::parse(exchange.segment(1));
    if (!device) return exchange.fail(device.error());
    const auto& request = exchange.request();
    auto message = wire::from_http(*device, request.headers, request.body);
    if (!message) return exchange.fail(message.error());
    exchange.access().hub().enqueue(
        *device, std::move(*message),
        exchange.on_answer<model::SequenceNumber>(
            [&exchange, device = *device](const auto& sequence) {
                if (sequence) return exchange.respond(204);
                exchange.fail(wire::as_send_error(sequence.error(), device));
            }));
}

void purge_messages(HttpExchange& exchange) {
    auto device = model::DeviceId::parse(exchange.segment(1));
    if (!device) return exchange.fail(device.error());
    exchange.access().hub().purge(
        std::move(*device), exchange.on_answer<std::size_t>([&exchange](const auto& count) {
            if (!count) return exchange.fail(count.error());
            const boost::json::object result{{"totalMessagesPurged", *count},
                                             {"deviceId", exchange.segment(1)},
                                             {"moduleId", nullptr}};
            exchange.respond_json(200, boost::json::serialize(result));
        }));
}

}  // namespace restante::gateway
