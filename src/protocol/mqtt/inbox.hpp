#pragma once
// Bytes received and not decoded yet. An engine owns one; packets are taken off its front without
// moving what follows them.

#include <cstddef>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "protocol/mqtt/codec.hpp"

namespace restante::mqtt {

class Inbox {
  public:
    std::size_t size() const { return bytes_.size() - begin_; }

    void append(BytesView bytes);

    /// Takes the next whole packet; nullopt while there is none. The frame is valid until the next
    /// call of any member. Errors: as parse_frame().
    Result<std::optional<Frame>> next(std::size_t remaining_length_max);

    /// Forgets everything and gives the memory back.
    void clear();

  private:
    Bytes bytes_;
    std::size_t begin_ = 0;  ///< where the bytes not taken yet begin
};

}  // namespace restante::mqtt
