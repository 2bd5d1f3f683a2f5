#pragma once
// The JSON of GET /restante/connectionEvents, ours alone: an array of
//
//     {"number":7,"timeUtc":"...","deviceId":"d","moduleId":null,"protocol":"mqtt",
//      "event":"replaced","peer":"192.0.2.7:40112 ...","connectedSinceUtc":"...","reason":"..."}

#include <span>
#include <string>

#include "model/connection_event.hpp"

namespace restante::wire {

std::string connection_events_json(std::span<const model::ConnectionEvent> events);

}  // namespace restante::wire
