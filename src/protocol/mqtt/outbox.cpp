#include "protocol/mqtt/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.hpp"

namespace restante::mqtt {

InFlight::InFlight(std::size_t count_max) : count_max_(count_max) {
    RESTANTE_ASSERT(count_max < std::numeric_limits<PacketId>::max());
}

std::size_t InFlight::count(PacketType answer) const {
    return static_cast<std::size_t>(
        std::ranges::count(entries_, answer, [](const Entry& entry) { return entry.answer; }));
}

std::optional<PacketId> InFlight::open(PacketType answer, std::size_t parts) {
    if (entries_.size() >= count_max_) return std::nullopt;
    do {
        ++last_;  // ends: fewer ids are in use than there are
    } while (last_ == 0 || find(last_) != nullptr);
    entries_.push_back({.id = last_, .answer = answer, .parts = parts});
    return last_;
}

bool InFlight::reopen(PacketId id, PacketType answer) {
    if (const Entry* entry = find(id)) return entry->answer == answer;
    if (entries_.size() >= count_max_) return false;
    entries_.push_back({.id = id, .answer = answer, .parts = 1});
    return true;
}

std::optional<std::size_t> InFlight::close(PacketId id, PacketType answer) {
    Entry* entry = find(id);
    if (entry == nullptr || entry->answer != answer) return std::nullopt;
    const std::size_t parts = entry->parts;
    *entry = entries_.back();
    entries_.pop_back();
    return parts;
}

InFlight::Entry* InFlight::find(PacketId id) {
    const auto found = std::ranges::find(entries_, id, &Entry::id);
    return found == entries_.end() ? nullptr : &*found;
}

Bytes Outbox::take() {
    return std::exchange(bytes_, Bytes());
}

Result<PacketId> Outbox::publish(Publish message) {
    if (message.qos == QoS::exactly_once) {
        return fail(ErrorCode::argument_invalid, "QoS 2 is not supported; publish with QoS 0 or 1");
    }
    if (message.qos == QoS::at_most_once) {
        message.packet_id = 0;
        if (auto encoded = encode(message, bytes_); !encoded) {
            return std::unexpected(std::move(encoded).error());
        }
        return PacketId{0};
    }
    if (message.packet_id == 0) {
        return request(std::move(message), PacketType::pub_ack, 1);
    }
    const PacketId id = message.packet_id;
    if (!in_flight_.reopen(id, PacketType::pub_ack)) return window_full();
    return keep_or_close(id, PacketType::pub_ack, encode(message, bytes_));
}

std::unexpected<Error> Outbox::window_full() const {
    return fail(ErrorCode::throttled,
                fmt::format("{} packets await an answer; wait for one", in_flight_.size()));
}

Result<PacketId> Outbox::keep_or_close(PacketId id, PacketType answer, Result<void> encoded) {
    if (encoded) return id;
    in_flight_.close(id, answer);
    return std::unexpected(std::move(encoded).error());
}

}  // namespace restante::mqtt
