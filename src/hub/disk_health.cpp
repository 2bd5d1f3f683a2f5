#include "hub/disk_health.hpp"

#include <fmt/format.h>

#include <utility>

namespace restante::hub {
namespace {

/// How often a disk that refused a write is asked again.
constexpr std::chrono::seconds attempt_every{1};

}  // namespace

Result<void> DiskHealth::check() const {
    if (sick_) return std::unexpected(*sick_);
    return {};
}

Result<void> DiskHealth::check_room(bool roomy) {
    if (sick_) return std::unexpected(*sick_);
    if (roomy == nearly_full_) {
        nearly_full_ = !roomy;
        if (roomy) {
            log_.info("disk_has_room", {});
        } else {
            log_.warning(
                "disk_nearly_full",
                {{"reason", "new messages and identities are refused until there is room"}});
        }
    }
    if (roomy) return {};
    return fail(ErrorCode::service_unavailable,
                "the hub's disk is nearly full and takes nothing new; messages that wait are "
                "delivered: make room on it, or send again later");
}

void DiskHealth::failed(const Error& reason, SteadyTime now) {
    auto text = fmt::format("the hub cannot store anything now and tries again every second: {}",
                            reason.message);
    if (!sick_ || sick_->message != text) {
        log_.error("storage_failed", {{"reason", reason.message}});
    }
    sick_ = Error(ErrorCode::service_unavailable, std::move(text));
    next_attempt_ = now + attempt_every;
}

bool DiskHealth::written() {
    const bool recovered = sick_.has_value();
    sick_.reset();
    if (recovered) log_.info("storage_recovered", {});
    return recovered;
}

bool DiskHealth::take_attempt(SteadyTime now) {
    if (!next_attempt_ || now < *next_attempt_) return false;
    next_attempt_.reset();
    return true;
}

}  // namespace restante::hub
