#include "net/broadcast.hpp"

#include <utility>

namespace restante::net {

Broadcast::Subscription::Subscription(Subscription&& other) noexcept
    : broadcast_(std::exchange(other.broadcast_, nullptr)), listener_(other.listener_) {}

Broadcast::Subscription& Broadcast::Subscription::operator=(Subscription&& other) noexcept {
    if (this == &other) return *this;
    end();
    broadcast_ = std::exchange(other.broadcast_, nullptr);
    listener_ = other.listener_;
    return *this;
}

void Broadcast::Subscription::end() {
    if (broadcast_ == nullptr) return;
    const std::lock_guard lock(broadcast_->mutex_);
    broadcast_->listeners_.erase(listener_);
    broadcast_ = nullptr;
}

Broadcast::Subscription Broadcast::subscribe(ConnectionHandle handle, std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back({.handle = std::move(handle), .work = std::move(work)});
    return {*this, std::prev(listeners_.end())};
}

void Broadcast::notify() {
    const std::lock_guard lock(mutex_);
    for (const auto& listener : listeners_) listener.handle.post(listener.work);
}

}  // namespace restante::net
