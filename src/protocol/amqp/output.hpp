#pragma once
// What a connection has to say: frames not yet taken by whoever writes them, and events not yet
// asked for. Empty, neither holds memory worth the name.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/amqp/event.hpp"
#include "protocol/amqp/frame.hpp"
#include "protocol/amqp/limits.hpp"
#include "protocol/amqp/performative_codec.hpp"

namespace restante::amqp {

/// Frames in the order they were written. Accepted dispositions of adjacent deliveries are held
/// back to become one, until anything else is written or the output is taken.
class Output {
  public:
    void bytes(BytesView raw) { append(frames(), raw); }

    template <class T>
    void frame(std::uint16_t channel, const T& performative) {
        body(FrameType::amqp, channel, performative);
    }
    template <class T>
    void sasl_frame(const T& sasl) {
        body(FrameType::sasl, 0, sasl);
    }
    void empty_frame() { FrameWriter(frames(), FrameType::amqp, 0).finish(); }

    /// Settles one delivery as accepted.
    void accept(std::uint16_t channel, Role role, std::uint32_t delivery);

    /// As much of `payload` as fits one frame goes out behind `transfer`, whose `more` is set
    /// accordingly. The answer is how much that was.
    std::size_t transfer(std::uint16_t channel, Transfer transfer, BytesView payload);

    /// Whether there is something to take.
    bool empty() const { return bytes_.empty() && !accepted_; }
    Bytes take() { return std::exchange(frames(), {}); }

    /// The peer's limit. A frame above it that is not a transfer, so cannot be cut, is left out.
    void limit_frames(std::size_t bytes_max) { frame_bytes_max_ = bytes_max; }
    /// Whether a frame was left out.
    bool overflowed() const { return overflowed_; }

  private:
    struct AcceptedRange {
        std::uint16_t channel;
        Role role;
        std::uint32_t first;
        std::uint32_t last;
    };

    /// The buffer, what was held back in it already.
    Bytes& frames();

    template <class T>
    void body(FrameType type, std::uint16_t channel, const T& content) {
        Bytes& out = frames();
        const std::size_t start = out.size();
        FrameWriter writer(out, type, channel);
        write(out, content);
        writer.finish();
        if (writer.size() <= frame_bytes_max_) return;
        out.resize(start);
        overflowed_ = true;
    }

    Bytes bytes_;
    std::optional<AcceptedRange> accepted_;
    std::size_t frame_bytes_max_ = frame_bytes_max;
    bool overflowed_ = false;
};

/// Bounded by what one frame can cause, because the next is read only when this is empty.
class EventQueue {
  public:
    void push(Event event) { events_.push_back(std::move(event)); }
    std::optional<Event> pop();

  private:
    std::vector<Event> events_;
    std::size_t taken_ = 0;
};

}  // namespace restante::amqp
