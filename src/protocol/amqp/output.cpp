#include "protocol/amqp/output.hpp"

#include <algorithm>

namespace restante::amqp {
namespace {

constexpr std::size_t events_kept = 4;  // room an idle connection may keep

}  // namespace

Bytes& Output::frames() {
    if (accepted_) {
        const AcceptedRange range = *accepted_;
        accepted_.reset();
        frame(range.channel, Disposition{.role = range.role,
                                         .first = range.first,
                                         .last = range.last,
                                         .settled = true,
                                         .state = Accepted{}});
    }
    return bytes_;
}

void Output::accept(std::uint16_t channel, Role role, std::uint32_t delivery) {
    if (accepted_ && accepted_->channel == channel && accepted_->role == role &&
        accepted_->last + 1 == delivery) {
        accepted_->last = delivery;
        return;
    }
    frames();
    accepted_ =
        AcceptedRange{.channel = channel, .role = role, .first = delivery, .last = delivery};
}

std::size_t Output::transfer(std::uint16_t channel, Transfer transfer, BytesView payload) {
    Bytes& out = frames();
    const std::size_t start = out.size();
    std::size_t room = 0;
    // `more` is known only once the size of what says so is; that size does not depend on it.
    for (const bool more : {false, true}) {
        out.resize(start);
        transfer.more = more;
        FrameWriter writer(out, FrameType::amqp, channel);
        write(out, transfer);
        room = frame_bytes_max_ - writer.size();
        if (payload.size() <= room) break;
    }
    const BytesView part = payload.first(std::min(room, payload.size()));
    append(out, part);
    ByteWriter(out).patch_u32(start, static_cast<std::uint32_t>(out.size() - start));
    return part.size();
}

std::optional<Event> EventQueue::pop() {
    if (taken_ == events_.size()) return std::nullopt;
    Event event = std::move(events_[taken_++]);
    if (taken_ == events_.size()) {
        events_.clear();
        taken_ = 0;
        if (events_.capacity() > events_kept) events_.shrink_to_fit();
    }
    return event;
}

}  // namespace restante::amqp
