#pragma once
// What an engine has to send, and the packet ids of what it sent and the peer has not answered.
// An engine owns one.

#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/mqtt/codec.hpp"

namespace restante::mqtt {

/// Packet ids in use, at most a fixed number at once (MQTT 2.3.1).
///
/// Fresh ids run through all 65,535 before one returns, so that an answer that comes late, after
/// its id was released, does not answer another packet.
class InFlight {
  public:
    /// `count_max` is below 65,535.
    explicit InFlight(std::size_t count_max);

    std::size_t size() const { return entries_.size(); }
    /// Of these, how many await an answer of this type.
    std::size_t count(PacketType answer) const;

    /// Takes a fresh id; nullopt when as many as allowed are in use. `parts` is how many things
    /// one packet asks for.
    std::optional<PacketId> open(PacketType answer, std::size_t parts);
    /// Takes this id, or finds it already awaiting this answer; false when neither can be.
    bool reopen(PacketId id, PacketType answer);
    /// Ends an id: the number of parts it was opened with, nullopt when it does not await this.
    std::optional<std::size_t> close(PacketId id, PacketType answer);

  private:
    struct Entry {
        PacketId id;
        PacketType answer;
        std::size_t parts;
    };

    Entry* find(PacketId id);

    std::vector<Entry> entries_;  // few: looked through faster than hashed
    std::size_t count_max_;
    PacketId last_ = 0;
};

class Outbox {
  public:
    explicit Outbox(std::size_t in_flight_max) : in_flight_(in_flight_max) {}

    Bytes take();
    InFlight& in_flight() { return in_flight_; }
    const InFlight& in_flight() const { return in_flight_; }

    /// Queues any other packet. Errors: argument_invalid.
    template <class T>
    Result<void> send(const T& packet) {
        return encode(packet, bytes_);
    }
    void send_raw(BytesView bytes) { append(bytes_, bytes); }

    /// Queues a message. QoS 0: the answer is 0. QoS 1: the answer is its packet id, a fresh one or
    /// the one wanted in `message`. Errors: throttled when the window is full; argument_invalid
    /// when the message cannot be a PUBLISH.
    Result<PacketId> publish(Publish message);

    /// Queues a SUBSCRIBE or UNSUBSCRIBE of `parts` filters under a fresh id. Errors: as publish().
    template <class T>
    Result<PacketId> request(T packet, PacketType answer, std::size_t parts) {
        const auto id = in_flight_.open(answer, parts);
        if (!id) return window_full();
        packet.packet_id = *id;
        return keep_or_close(*id, answer, encode(packet, bytes_));
    }

  private:
    std::unexpected<Error> window_full() const;
    Result<PacketId> keep_or_close(PacketId id, PacketType answer, Result<void> encoded);

    Bytes bytes_;
    InFlight in_flight_;
};

}  // namespace restante::mqtt
