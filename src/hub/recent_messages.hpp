#pragma once
// Messages that have just been stored, for devices that are there: most are delivered at once, and
// need not be read from the disk first. What is in here is on disk. The oldest go when there is too
// much; then the store has them. Those of an attachment that has ended are asked for no more, and
// go as the others do.
//
// Owned and used by Hub on its loop.

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "core/queue/lock_queue.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/queued_message.hpp"

namespace restante::hub {

/// A second's worth of small messages.
inline constexpr std::size_t recent_messages_bytes_max = 16 * 1024 * 1024;

class RecentMessages {
  public:
    using Message = std::shared_ptr<const model::CloudToDeviceMessage>;

    explicit RecentMessages(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// Once the message is on disk.
    void put(core::ReceiverId receiver, model::SequenceNumber sequence, Message message);
    /// Takes it out: whoever delivers it a second time can afford to read it. nullptr: not here.
    Message take(core::ReceiverId receiver, model::SequenceNumber sequence);

  private:
    struct Key {
        core::ReceiverId receiver;
        model::SequenceNumber sequence;
        bool operator==(const Key&) const = default;
    };
    struct HashOfKey {
        std::size_t operator()(const Key& key) const;
    };
    struct Item {
        Key key;
        Message message;
        std::size_t bytes;
    };
    using Items = std::list<Item>;

    void erase(Items::iterator item);

    const std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    Items items_;  ///< the oldest first
    std::unordered_map<Key, Items::iterator, HashOfKey> by_key_;
};

}  // namespace restante::hub
