// What the hub hands out with its content: messages and feedback batches, read from the store
// after the decision to hand them out is on disk.

#include "hub/hub.hpp"

namespace restante::hub {

/// Reads into each item, then goes on with all of them on the hub's loop. `read` gets an item and
/// a function to call once, on any thread, when the item is complete.
template <class Item, class Read>
void Hub::read_each(std::vector<Item> items, Read read,
                    std::move_only_function<void(std::vector<Item>)> then) {
    if (items.empty()) return then(std::move(items));
    /// Shared by the reads of one call; the last one goes on.
    struct Gather {
        std::vector<Item> items;
        std::atomic<std::size_t> left;
        std::move_only_function<void(std::vector<Item>)> then;
    };
    const std::size_t count = items.size();
    auto gather = std::make_shared<Gather>(std::move(items), count, std::move(then));
    ++outstanding_;
    for (std::size_t i = 0; i < count; ++i) {
        read(gather->items[i], [this, gather] {
            if (gather->left.fetch_sub(1) > 1) return;
            on_loop([this, gather] {
                gather->then(std::move(gather->items));
                --outstanding_;
                stop_when_quiet();
            });
        });
    }
}

/// Gives the messages their content from memory. True when that was all of them: then all are on
/// disk as well.
bool Hub::take_recent(AttachmentId attachment, LockedMessages& locked) {
    bool all = true;
    for (auto& item : locked) {
        if (!item.message) item.message = recent_.take(attachment, item.queued.sequence);
        all = all && item.message;
    }
    return all;
}

void Hub::read_bodies(const model::DeviceId& device, LockedMessages locked,
                      Answer<LockedMessages> answer) {
    const auto read = [this, device](model::LockedMessage& item, auto complete) {
        if (item.message) return complete();
        const auto sequence = item.queued.sequence;
        store_.read_message(
            device, sequence,
            [this, &item, device, sequence, complete = std::move(complete)](auto message) {
                if (message) {
                    item.message = std::move(*message);
                } else {
                    log_.error("message_unreadable", {{"device", device.value()},
                                                      {"seq", sequence.value},
                                                      {"reason", message.error().message}});
                }
                complete();
            });
    };
    read_each<model::LockedMessage>(
        std::move(locked), read, [this, device, answer = std::move(answer)](auto items) mutable {
            // Absent means it was completed or purged while it was read: nothing to deliver.
            const auto absent =
                std::erase_if(items, [](const auto& item) { return !item.message; });
            answer(std::move(items));
            // Fewer than asked for would otherwise say that no more wait.
            if (absent > 0) attachments_.wake(device);
        });
}

void Hub::read_records(LockedMessages batches, std::move_only_function<void(LockedBatches)> then) {
    LockedBatches locked;
    for (auto& batch : batches) {
        locked.push_back({.token = batch.token,
                          .queued = std::move(batch.queued),
                          .locked_until = batch.locked_until,
                          .records = {}});
    }
    const auto read = [this](model::LockedFeedback& item, auto complete) {
        const auto sequence = item.queued.sequence;
        store_.read_feedback(
            sequence, [this, &item, sequence, complete = std::move(complete)](auto records) {
                if (!records) {
                    log_.error("feedback_unreadable",
                               {{"seq", sequence.value}, {"reason", records.error().message}});
                } else if (*records) {
                    item.records = std::move(**records);
                }
                complete();
            });
    };
    read_each<model::LockedFeedback>(std::move(locked), read, std::move(then));
}

}  // namespace restante::hub
