#include "protocol/amqp/frame.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"

namespace restante::amqp {
namespace {

constexpr std::size_t data_offset_min = 2;  // in words of four bytes: the header alone

}  // namespace

void FrameReader::append(BytesView bytes) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
    restante::append(bytes_, bytes);
}

std::optional<ProtocolHeader> FrameReader::header() {
    ProtocolHeader header{};
    const std::size_t count = std::min(rest().size(), header.size());
    std::copy_n(rest().begin(), count, header.begin());
    const bool promising =
        std::equal(header.begin(), header.begin() + std::min<long>(4, static_cast<long>(count)),
                   amqp_header.begin());
    if (count < header.size() && promising) return std::nullopt;
    used_ += count;
    return header;
}

Result<std::optional<Frame>> FrameReader::next(std::uint32_t bytes_max) {
    if (rest().empty()) {
        bytes_ = {};
        used_ = 0;
        return std::nullopt;
    }
    ByteReader reader(rest());
    const std::uint32_t size = reader.u32();
    if (!reader.ok()) return std::nullopt;
    if (size < frame_header_bytes) return fail(ErrorCode::malformed, "a frame without a header");
    if (size > bytes_max) return fail(ErrorCode::malformed, "a frame above the maximum frame size");
    if (rest().size() < size) return std::nullopt;

    const std::size_t data_offset = reader.u8();
    const std::uint8_t type = reader.u8();
    const std::uint16_t channel = reader.u16();
    if (data_offset < data_offset_min || data_offset * 4 > size) {
        return fail(ErrorCode::malformed, "a frame whose data offset is outside of it");
    }
    const Frame frame{.type = type,
                      .channel = channel,
                      .body = rest().subspan(data_offset * 4, size - data_offset * 4)};
    used_ += size;
    return frame;
}

FrameWriter::FrameWriter(Bytes& out, FrameType type, std::uint16_t channel)
    : out_(out), start_(out.size()) {
    ByteWriter writer(out_);
    writer.u32(0);
    writer.u8(data_offset_min);
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u16(channel);
}

void FrameWriter::finish() {
    ByteWriter(out_).patch_u32(start_, static_cast<std::uint32_t>(size()));
}

}  // namespace restante::amqp
