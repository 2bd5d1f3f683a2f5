#include "hub_session.hpp"

#include <utility>

#include "core.hpp"

namespace restante::device {

void HubSession::closed(const Error& reason) {
    if (core_ == nullptr) return;
    if (!failure_) failure_ = failure_of(reason, accepted_);
    std::exchange(core_, nullptr)->on_ended(*std::move(failure_));
}

}  // namespace restante::device
