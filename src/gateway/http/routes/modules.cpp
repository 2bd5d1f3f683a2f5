#include "gateway/http/routes/modules.hpp"

#include <fmt/format.h>

#include "gateway/http/routes/if_match.hpp"
#include "wire/module_json.hpp"

namespace restante::gateway {
namespace {

using model::ModuleDescription;

struct Place {
    model::DeviceId device;
    model::ModuleId module;
};

/// Without an answer: it was given.
std::optional<Place> place_of(HttpExchange& exchange) {
    auto device = model::DeviceId::parse(exchange.segment(1));
    if (!device) return exchange.fail(device.error()), std::nullopt;
    auto module = model::ModuleId::parse(exchange.segment(3));
    if (!module) return exchange.fail(module.error()), std::nullopt;
    return Place{.device = std::move(*device), .module = std::move(*module)};
}

void respond_with(HttpExchange& exchange, const Result<ModuleDescription>& module) {
    if (!module) return exchange.fail(module.error());
    const std::string etag = fmt::format("\"{}\"", wire::etag_text(module->identity.version));
    exchange.respond_json(200, wire::to_json(*module), {{"ETag", etag}});
}

}  // namespace

void list_modules(HttpExchange& exchange) {
    auto id = model::DeviceId::parse(exchange.segment(1));
    if (!id) return exchange.fail(id.error());
    exchange.access().hub().registry().list_modules(
        std::move(*id),
        exchange.on_answer<std::vector<ModuleDescription>>([&exchange](const auto& modules) {
            if (!modules) return exchange.fail(modules.error());
            exchange.respond_json(200, wire::to_json(*modules));
        }));
}

void find_module(HttpExchange& exchange) {
    auto place = place_of(exchange);
    if (!place) return;
    exchange.access().hub().registry().find_module(
        std::move(place->device), std::move(place->module),
        exchange.on_answer<ModuleDescription>(
            [&exchange](const auto& module) { respond_with(exchange, module); }));
}

void put_module(HttpExchange& exchange) {
    const auto place = place_of(exchange);
    if (!place) return;
    auto definition =
        wire::module_from_json(as_text(exchange.request().body), place->device, place->module);
    if (!definition) return exchange.fail(definition.error());
    const auto condition = write_condition(exchange);
    if (!condition) return exchange.fail(condition.error());
    exchange.access().hub().registry().put_module(
        std::move(*definition), *condition,
        exchange.on_answer<ModuleDescription>([&exchange, place](const auto& module) {
            if (module || module.error().code != ErrorCode::module_already_exists_on_device) {
                return respond_with(exchange, module);
            }
            exchange.fail_flat(
                Error(module.error().code,
                      fmt::format("Device {} in IotHub {} already contains Module {}.",
                                  place->device.value(), exchange.access().hub_name(),
                                  place->module.value())));
        }));
}

void delete_module(HttpExchange& exchange) {
    auto place = place_of(exchange);
    if (!place) return;
    const auto expected = expected_version(exchange);
    if (!expected) return exchange.fail(expected.error());
    exchange.access().hub().registry().delete_module(
        std::move(place->device), std::move(place->module), *expected,
        exchange.on_answer<void>([&exchange](const auto& done) {
            if (!done) return exchange.fail(done.error());
            exchange.respond(204);
        }));
}

}  // namespace restante::gateway
