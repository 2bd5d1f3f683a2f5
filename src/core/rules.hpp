#pragma once
// What a hub's queues are allowed to do: the settings of the same names, within the ranges of
// model/limits.hpp.

#include "base/clock.hpp"
#include "model/limits.hpp"

namespace restante::core {

/// One value for all device queues.
struct QueueRules {
    std::size_t depth_max = model::limits::queue_depth_max;
    Milliseconds lock_duration = model::limits::lock_duration;
    Milliseconds ttl_default = model::limits::ttl_default;
    std::uint32_t delivery_count_max = model::limits::delivery_count_max;
};

struct FeedbackRules {
    Milliseconds lock_duration = model::limits::lock_duration;
    Milliseconds ttl = model::limits::ttl_default;
    std::uint32_t delivery_count_max = model::limits::delivery_count_max;
};

/// The tiers of the service; `off`: no limits.
enum class ServiceTier : std::uint8_t { off, f1, s1, s2, s3 };

struct ThrottleRules {
    ServiceTier tier = ServiceTier::off;
    std::uint32_t units = 1;
};

struct HubRules {
    QueueRules queue;
    FeedbackRules feedback;
    ThrottleRules throttle;
};

}  // namespace restante::core
