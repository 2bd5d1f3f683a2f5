#include "wire/connection_event_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/timestamp.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

std::string_view word(model::ConnectionChange change) {
    switch (change) {
        case model::ConnectionChange::connected:
            return "connected";
        case model::ConnectionChange::disconnected:
            return "disconnected";
        case model::ConnectionChange::replaced:
            return "replaced";
        case model::ConnectionChange::ended:
            return "ended";
    }
    return "unknown";
}

}  // namespace

std::string connection_events_json(std::span<const model::ConnectionEvent> events) {
    boost::json::array array;
    for (const auto& event : events) {
        boost::json::value module = nullptr;
        if (event.module) module = event.module->value();
        array.push_back(boost::json::object{
            {"number", event.number},
            {"timeUtc", to_iso8601(event.at)},
            {"deviceId", event.device.value()},
            {"moduleId", std::move(module)},
            {"protocol", event.protocol},
            {"event", word(event.change)},
            {"peer", to_utf8(event.peer)},
            {"connectedSinceUtc", to_iso8601(event.connected_since)},
            {"reason", to_utf8(event.reason)},
        });
    }
    return boost::json::serialize(array);
}

}  // namespace restante::wire
