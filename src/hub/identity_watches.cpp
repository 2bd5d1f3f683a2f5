#include "hub/identity_watches.hpp"

#include <utility>

#include "hub/registry.hpp"

namespace restante::hub {

IdentityWatch::IdentityWatch(IdentityWatch&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}

IdentityWatch& IdentityWatch::operator=(IdentityWatch&& other) noexcept {
    if (this == &other) return *this;
    end();
    registry_ = std::exchange(other.registry_, nullptr);
    id_ = other.id_;
    return *this;
}

void IdentityWatch::end() {
    if (auto* registry = std::exchange(registry_, nullptr)) registry->unwatch(id_);
}

void IdentityWatches::add(std::uint64_t id, const model::DeviceId& device,
                          const std::optional<model::ModuleId>& module, Ended ended) {
    by_id_.emplace(
        id, by_client_.emplace(Client{device, module}, Watch{.id = id, .ended = std::move(ended)}));
}

void IdentityWatches::remove(std::uint64_t id) {
    if (const auto found = by_id_.find(id); found != by_id_.end()) take(found->second);
}

std::vector<IdentityWatches::Ended> IdentityWatches::take_all(const model::DeviceId& device) {
    std::vector<Ended> taken;
    const Client first{device, std::nullopt};
    for (auto entry = by_client_.lower_bound(first);
         entry != by_client_.end() && entry->first.first == device;
         entry = by_client_.lower_bound(first)) {
        taken.push_back(take(entry));
    }
    return taken;
}

std::vector<IdentityWatches::Ended> IdentityWatches::take_of(
    const model::DeviceId& device, const std::optional<model::ModuleId>& module) {
    std::vector<Ended> taken;
    const Client client{device, module};
    for (auto entry = by_client_.find(client); entry != by_client_.end();
         entry = by_client_.find(client)) {
        taken.push_back(take(entry));
    }
    return taken;
}

IdentityWatches::Ended IdentityWatches::take(ByClient::iterator entry) {
    Ended ended = std::move(entry->second.ended);
    by_id_.erase(entry->second.id);
    by_client_.erase(entry);
    return ended;
}

}  // namespace restante::hub
