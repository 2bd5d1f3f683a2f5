#include "protocol/mqtt/inbox.hpp"

namespace restante::mqtt {
namespace {

/// Memory an idle connection may keep. Most are idle most of the time, and their packets are
/// smaller than this.
constexpr std::size_t idle_bytes_max = 1024;

}  // namespace

void Inbox::append(BytesView bytes) {
    // Moved at most once a call, and never more than the packet that the last call left unfinished.
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
    restante::append(bytes_, bytes);
}

Result<std::optional<Frame>> Inbox::next(std::size_t remaining_length_max) {
    if (size() == 0) {
        if (bytes_.capacity() > idle_bytes_max) clear();
        return std::nullopt;
    }
    auto frame = parse_frame(BytesView(bytes_).subspan(begin_), remaining_length_max);
    if (frame && *frame) begin_ += (*frame)->size;
    return frame;
}

void Inbox::clear() {
    bytes_ = Bytes();
    begin_ = 0;
}

}  // namespace restante::mqtt
