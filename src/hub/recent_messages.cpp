#include "hub/recent_messages.hpp"

#include <iterator>
#include <utility>

namespace restante::hub {
namespace {

/// What a message takes beside its content: itself, its place in the list and in the index.
constexpr std::size_t overhead_bytes = sizeof(model::CloudToDeviceMessage) + 256;

/// Spreads the numbers of receivers, which follow one another; the golden ratio in 64 bits.
constexpr std::uint64_t spread = 0x9E37'79B9'7F4A'7C15;

}  // namespace

std::size_t RecentMessages::HashOfKey::operator()(const Key& key) const {
    return key.receiver.value * spread + key.sequence.value;
}

void RecentMessages::put(core::ReceiverId receiver, model::SequenceNumber sequence,
                         Message message) {
    const std::size_t bytes = model::size_bytes(*message) + overhead_bytes;
    items_.push_back({.key = {.receiver = receiver, .sequence = sequence},
                      .message = std::move(message),
                      .bytes = bytes});
    by_key_.emplace(items_.back().key, std::prev(items_.end()));
    bytes_ += bytes;
    while (bytes_ > bytes_max_) erase(items_.begin());
}

RecentMessages::Message RecentMessages::take(core::ReceiverId receiver,
                                             model::SequenceNumber sequence) {
    const auto found = by_key_.find({.receiver = receiver, .sequence = sequence});
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
