#include "hub/recent_messages.hpp"

#include <functional>
#include <string_view>
#include <utility>

namespace restante::hub {
namespace {

/// What a message takes beside its content: itself, its place in the list and in the index.
constexpr std::size_t overhead_bytes = sizeof(model::CloudToDeviceMessage) + 256;

/// Spreads the sequence numbers of one device; the golden ratio in 64 bits.
constexpr std::uint64_t spread = 0x9E37'79B9'7F4A'7C15;

}  // namespace

std::size_t RecentMessages::HashOfKey::operator()(const Key& key) const {
    return std::hash<std::string_view>()(key.device.value()) ^ (key.sequence.value * spread);
}

void RecentMessages::put(const model::DeviceId& device, model::SequenceNumber sequence,
                         Message message) {
    take(device, sequence);
    const std::size_t bytes = model::size_bytes(*message) + overhead_bytes;
    items_.push_back({.key = {.device = device, .sequence = sequence},
                      .message = std::move(message),
                      .bytes = bytes});
    by_key_.emplace(items_.back().key, std::prev(items_.end()));
    bytes_ += bytes;
    while (bytes_ > bytes_max_) erase(items_.begin());
}

RecentMessages::Message RecentMessages::take(const model::DeviceId& device,
                                             model::SequenceNumber sequence) {
    const auto found = by_key_.find({.device = device, .sequence = sequence});
    if (found == by_key_.end()) return nullptr;
    Message message = std::move(found->second->message);
    erase(found->second);
    return message;
}

void RecentMessages::erase(Items::iterator item) {
    bytes_ -= item->bytes;
    by_key_.erase(item->key);
    items_.erase(item);
}

}  // namespace restante::hub
