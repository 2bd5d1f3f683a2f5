#include "gateway/http/routes/bulk.hpp"

#include <fmt/format.h>

#include "wire/bulk_json.hpp"
#include "wire/key_rotation_json.hpp"

namespace restante::gateway {

void write_devices(HttpExchange& exchange) {
    auto entries = wire::bulk_from_json(as_text(exchange.request().body));
    if (!entries) return exchange.fail(entries.error());
    // What went wrong while reading stays here; the rest goes to the hub, in its order.
    std::vector<wire::BulkFailure> failures;
    std::vector<model::RegistryWrite> writes;
    for (auto& entry : *entries) {
        if (entry.write) {
            writes.push_back(std::move(*entry.write));
        } else {
            failures.push_back({.device_id = std::move(entry.device_id),
                                .module_id = std::move(entry.module_id),
                                .error = entry.write.error()});
        }
    }
    exchange.access().hub().registry().apply(
        std::move(writes),
        exchange.on_answer<std::vector<hub::FailedWrite>>(
            [&exchange, failures = std::move(failures)](const auto& failed) mutable {
                if (!failed) return exchange.fail(failed.error());
                for (const auto& write : *failed) {
                    failures.push_back(
                        {.device_id = write.device.value(),
                         .module_id = write.module ? write.module->value() : std::string(),
                         .error = write.error});
                }
                exchange.respond_json(failures.empty() ? 200 : 400,
                                      wire::bulk_result_json(failures));
            }));
}

void regenerate_keys(HttpExchange& exchange) {
    auto wanted = wire::rotation_from_json(as_text(exchange.request().body));
    if (!wanted) return exchange.fail(wanted.error());
    exchange.access().hub().registry().rotate_keys(
        std::move(wanted->rotation),
        exchange.on_answer<std::vector<hub::RotatedKeys>>(
            [&exchange, which = wanted->rotation.which,
             failures = std::move(wanted->failures)](const auto& rotated) mutable {
                if (!rotated) return exchange.fail(rotated.error());
                std::vector<wire::RotatedKeys> done;
                for (const auto& place : *rotated) {
                    std::string module = place.module ? place.module->value() : std::string();
                    if (place.keys) {
                        done.push_back({.device_id = place.device.value(),
                                        .module_id = std::move(module),
                                        .keys = *place.keys});
                    } else {
                        failures.push_back({.device_id = place.device.value(),
                                            .module_id = std::move(module),
                                            .error = place.keys.error()});
                    }
                }
                const int some_done = done.empty() ? 400 : 207;
                exchange.respond_json(failures.empty() ? 200 : some_done,
                                      wire::rotation_result_json(which, done, failures));
            }));
}

void device_statistics(HttpExchange& exchange) {
    exchange.access().hub().registry().count(
        exchange.on_answer<hub::RegistryCounts>([&exchange](const auto& counts) {
            if (!counts) return exchange.fail(counts.error());
            exchange.respond_json(
                200,
                fmt::format(R"({{"totalDeviceCount":{},"enabledDeviceCount":{},)"
                            R"("disabledDeviceCount":{}}})",
                            counts->devices, counts->enabled, counts->devices - counts->enabled));
        }));
}

void service_statistics(HttpExchange& exchange) {
    exchange.access().hub().registry().count(
        exchange.on_answer<hub::RegistryCounts>([&exchange](const auto& counts) {
            if (!counts) return exchange.fail(counts.error());
            exchange.respond_json(
                200, fmt::format(R"({{"connectedDeviceCount":{}}})", counts->connected));
        }));
}

}  // namespace restante::gateway
