#pragma once
// Frames (AMQP 2.3): the bytes received and not yet understood, cut into protocol headers and
// frames, and the frames written.

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace restante::amqp {

constexpr std::size_t frame_header_bytes = 8;

enum class FrameType : std::uint8_t { amqp = 0, sasl = 1 };

using ProtocolHeader = std::array<std::uint8_t, 8>;
constexpr ProtocolHeader amqp_header = {'A', 'M', 'Q', 'P', 0, 1, 0, 0};
constexpr ProtocolHeader sasl_header = {'A', 'M', 'Q', 'P', 3, 1, 0, 0};

/// `body` is empty in a frame that only says "I am here".
struct Frame {
    std::uint8_t type;
    std::uint16_t channel;
    BytesView body;
};

/// Holds at most what the last append() brought and one frame begun before it; empty, it holds no
/// memory, because most connections are idle.
class FrameReader {
  public:
    void append(BytesView bytes);

    /// The next eight bytes, as soon as they are here; fewer, if those already differ from every
    /// header there is, come padded with zeros.
    std::optional<ProtocolHeader> header();

    /// The next frame, valid until the next call; nullopt when it is not complete. The error, of
    /// code malformed, is the peer's: a size below the header's or above `bytes_max`, or a wrong
    /// data offset.
    Result<std::optional<Frame>> next(std::uint32_t bytes_max);

  private:
    BytesView rest() const { return BytesView(bytes_).subspan(used_); }

    Bytes bytes_;
    std::size_t used_ = 0;
};

/// Writes a frame from its creation to finish(), onto the end of `out`; the body goes between.
class FrameWriter {
  public:
    FrameWriter(Bytes& out, FrameType type, std::uint16_t channel);
    std::size_t size() const { return out_.size() - start_; }
    void finish();

  private:
    Bytes& out_;
    std::size_t start_;
};

}  // namespace restante::amqp
