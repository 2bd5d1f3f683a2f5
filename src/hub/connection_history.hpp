#pragma once
// What happened lately to the connections of devices and modules. In memory: a restart forgets it,
// the log does not.
//
// Owned and used by Hub on its loop.

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "model/connection_event.hpp"

namespace restante::hub {

class ConnectionHistory {
  public:
    /// Numbers the event and cuts its texts; the oldest one goes when there is no room.
    void add(model::ConnectionEvent event);

    /// The latest `max` of them, or of the device and its modules, in their order.
    std::vector<model::ConnectionEvent> latest(const std::optional<model::DeviceId>& device,
                                               std::size_t max) const;

  private:
    std::deque<model::ConnectionEvent> events_;
    std::uint64_t added_ = 0;
};

}  // namespace restante::hub
