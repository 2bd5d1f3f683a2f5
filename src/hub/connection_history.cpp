#include "hub/connection_history.hpp"

#include <algorithm>
#include <ranges>

#include "model/limits.hpp"

namespace restante::hub {

using model::limits::connection_event_text_bytes_max;
using model::limits::connection_events_max;

void ConnectionHistory::add(model::ConnectionEvent event) {
    event.number = ++added_;
    for (std::string* text : {&event.peer, &event.reason}) {
        if (text->size() > connection_event_text_bytes_max) {
            *text = text->substr(0, connection_event_text_bytes_max);  // lets go of the rest
        }
    }
    if (events_.size() == connection_events_max) events_.pop_front();
    events_.push_back(std::move(event));
}

std::vector<model::ConnectionEvent> ConnectionHistory::latest(
    const std::optional<model::DeviceId>& device, std::size_t max) const {
    std::vector<model::ConnectionEvent> found;
    for (const auto& event : std::views::reverse(events_)) {
        if (found.size() == max) break;
        if (!device || event.device == *device) found.push_back(event);
    }
    std::ranges::reverse(found);
    return found;
}

}  // namespace restante::hub
