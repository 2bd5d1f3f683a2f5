#pragma once
// What a tier of the service lets a hub do a minute and a day: a rehearsal of its limits, so that
// an application meets them before it pays for them. Off unless asked for.
//
// Each operation has a bucket that holds what one period allows (a second or a minute, as the
// service states the rate) and fills at that rate. The service queues a little behind its buckets;
// this one refuses at once and says how long to wait.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/rules.hpp"

namespace restante::core {

/// What is counted. The names are those of the service's answers where they are known.
enum class Operation : std::uint8_t {
    registry,            ///< create, read, list, update or delete an identity; each entry in bulk
    connect,             ///< a device or module connects
    send,                ///< a cloud-to-device message
    receive_over_https,  ///< a poll for one
    query,
};
inline constexpr std::size_t operations = 5;

std::string_view name(Operation operation);

class Throttle {
  public:
    explicit Throttle(ThrottleRules rules);

    bool enabled() const { return !buckets_.empty(); }

    /// Errors: throttled, saying how long to wait.
    Result<void> admit(Operation operation, std::size_t count, SteadyTime now);

    /// Whether today's messages are used up. Errors: quota_exceeded.
    Result<void> check_quota(WallTime now);
    /// Counts a message against today's quota, by its size in the tier's units.
    void count_message(std::size_t bytes, WallTime now);

    /// True at most once in ten seconds for each operation: the moment to tell the log.
    bool is_news(Operation operation, SteadyTime now);

  private:
    struct Bucket {
        double capacity = 0;
        double per_second = 0;
        double level = 0;
        SteadyTime at{};
        std::optional<SteadyTime> told_at{};
    };

    std::vector<Bucket> buckets_;  ///< by operation; none when there are no limits
    std::uint64_t messages_a_day_ = 0;
    std::size_t message_unit_bytes_ = 0;
    std::chrono::sys_days day_{};
    std::uint64_t messages_today_ = 0;
};

}  // namespace restante::core
