#include "gateway/http/routes/connection_events.hpp"

#include "model/limits.hpp"
#include "wire/connection_event_json.hpp"

namespace restante::gateway {

void list_connection_events(HttpExchange& exchange) {
    std::optional<model::DeviceId> device;
    if (const auto wanted = exchange.target().find_query("deviceId")) {
        auto id = model::DeviceId::parse(*wanted);
        if (!id) return exchange.fail(id.error());
        device = std::move(*id);
    }
    exchange.access().hub().registry().list_connection_events(
        std::move(device), model::limits::connection_events_listed_max,
        exchange.on_answer<std::vector<model::ConnectionEvent>>([&exchange](const auto& events) {
            if (!events) return exchange.fail(events.error());
            exchange.respond_json(200, wire::connection_events_json(*events));
        }));
}

}  // namespace restante::gateway
