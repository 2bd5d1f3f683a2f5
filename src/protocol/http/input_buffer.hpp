#pragma once
// Bytes received and not yet understood. Consuming moves a mark; the bytes before it are dropped
// when they outweigh the rest, so many small requests in one large read cost linear time. An empty
// buffer holds no memory: most connections are idle.

#include "base/bytes.hpp"

namespace restante::http {

class InputBuffer {
  public:
    void append(BytesView bytes) { restante::append(bytes_, bytes); }
    BytesView view() const { return BytesView(bytes_).subspan(used_); }
    bool empty() const { return used_ == bytes_.size(); }
    std::size_t size() const { return bytes_.size() - used_; }

    /// `count` is at most size().
    void consume(std::size_t count) {
        used_ += count;
        if (used_ == bytes_.size()) {
            clear();
        } else if (used_ > bytes_.size() / 2) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(used_));
            used_ = 0;
        }
    }
    void clear() {
        bytes_ = {};
        used_ = 0;
    }

  private:
    Bytes bytes_;
    std::size_t used_ = 0;
};

}  // namespace restante::http
