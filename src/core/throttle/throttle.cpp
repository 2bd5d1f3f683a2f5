#include "core/throttle/throttle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace restante::core {
namespace {

constexpr double minute = 60;
constexpr std::chrono::seconds news_every{10};

/// One row of the service's table of throttles: so many each `seconds`.
struct Rate {
    double per_unit;
    double seconds;
    double least = 0;  ///< for the whole hub, however few its units
};

/// A column of that table, with the quota of its page on pricing.
struct Limits {
    std::array<Rate, operations> rates;
    std::uint64_t messages_a_day_per_unit;
    std::size_t message_unit_bytes;
};

// In the order of Operation. Source: the service's page of quotas and throttling.
constexpr std::array<Rate, operations> small{
    {{100, minute}, {12, 1, 100}, {100, minute}, {1'000, minute}, {20, minute}}};
constexpr std::array<Rate, operations> medium{
    {{100, minute}, {120, 1}, {100, minute}, {1'000, minute}, {20, minute}}};
constexpr std::array<Rate, operations> large{
    {{5'000, minute}, {6'000, 1}, {5'000, minute}, {50'000, minute}, {1'000, minute}}};

std::optional<Limits> limits_of(ServiceTier tier) {
    switch (tier) {
        case ServiceTier::off:
            return std::nullopt;
        case ServiceTier::f1:
            return Limits{small, 8'000, 512};
        case ServiceTier::s1:
            return Limits{small, 400'000, 4'096};
        case ServiceTier::s2:
            return Limits{medium, 6'000'000, 4'096};
        case ServiceTier::s3:
            return Limits{large, 300'000'000, 4'096};
    }
    return std::nullopt;
}

}  // namespace

std::string_view name(Operation operation) {
    constexpr std::array<std::string_view, operations> names{
        "CRUD", "DeviceConnect", "CloudToDeviceSend", "CloudToDeviceReceive", "Query"};
    return names[static_cast<std::size_t>(operation)];
}

Throttle::Throttle(ThrottleRules rules) {
    const auto limits = limits_of(rules.tier);
    if (!limits) return;
    const double units = rules.units;
    for (const auto& rate : limits->rates) {
        const double capacity = std::max(rate.per_unit * units, rate.least);
        buckets_.push_back(
            {.capacity = capacity, .per_second = capacity / rate.seconds, .level = capacity});
    }
    messages_a_day_ = limits->messages_a_day_per_unit * rules.units;
    message_unit_bytes_ = limits->message_unit_bytes;
}

Result<void> Throttle::admit(Operation operation, std::size_t count, SteadyTime now) {
    if (!enabled()) return {};
    Bucket& bucket = buckets_[static_cast<std::size_t>(operation)];
    if (bucket.at != SteadyTime{}) {
        const std::chrono::duration<double> passed = std::max(now - bucket.at, Milliseconds{0});
        bucket.level = std::min(bucket.capacity, bucket.level + passed.count() * bucket.per_second);
    }
    bucket.at = now;
    // More at once than a bucket holds is taken from a full one, and owed.
    const double wanted = std::min(static_cast<double>(count), bucket.capacity);
    if (bucket.level >= wanted) {
        bucket.level -= static_cast<double>(count);
        return {};
    }
    const double wait = std::ceil((wanted - bucket.level) / bucket.per_second);
    return fail(ErrorCode::throttled,
                fmt::format("The request has been throttled. Wait {:.0f} seconds and try again. "
                            "Operation type: {}",
                            std::max(wait, 1.0), name(operation)));
}

Result<void> Throttle::check_quota(WallTime now) {
    if (!enabled()) return {};
    const auto today = std::chrono::floor<std::chrono::days>(now);
    if (today != day_) {
        day_ = today;
        messages_today_ = 0;
    }
    if (messages_today_ < messages_a_day_) return {};
    return fail(ErrorCode::quota_exceeded,
                fmt::format("Total number of messages on the hub exceeded the allocated quota. Max "
                            "allowed message count : {}; it starts again at 00:00 UTC.",
                            messages_a_day_));
}

void Throttle::count_message(std::size_t bytes, WallTime now) {
    if (!check_quota(now) || !enabled()) return;
    messages_today_ +=
        std::max<std::size_t>(1, (bytes + message_unit_bytes_ - 1) / message_unit_bytes_);
}

bool Throttle::is_news(Operation operation, SteadyTime now) {
    if (!enabled()) return false;
    auto& told_at = buckets_[static_cast<std::size_t>(operation)].told_at;
    if (told_at && now - *told_at < news_every) return false;
    told_at = now;
    return true;
}

}  // namespace restante::core
