#pragma once
// Reads and writes big-endian numbers and byte runs, every length checked before use.
//
// ByteReader fails softly: a read past the end marks the reader failed, returns zero or nothing,
// and every later read does the same. A decoder reads a whole structure and asks ok() once.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace restante {

class ByteReader {
  public:
    explicit ByteReader(BytesView bytes) : rest_(bytes) {}

    bool ok() const { return ok_; }
    void fail() { ok_ = false, rest_ = {}; }
    bool empty() const { return rest_.empty(); }
    std::size_t remaining() const { return rest_.size(); }

    template <std::unsigned_integral T>
    T number() {
        T value = 0;
        for (const std::uint8_t byte : take(sizeof(T))) {
            value = static_cast<T>(static_cast<std::uint64_t>(value) << 8 | byte);
        }
        return value;
    }
    std::uint8_t u8() { return number<std::uint8_t>(); }
    std::uint16_t u16() { return number<std::uint16_t>(); }
    std::uint32_t u32() { return number<std::uint32_t>(); }
    std::uint64_t u64() { return number<std::uint64_t>(); }

    /// The next `count` bytes, valid as long as the input is; empty and failed when there are
    /// fewer.
    BytesView take(std::size_t count) {
        if (count > rest_.size()) {
            fail();
            return {};
        }
        const BytesView taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }
    BytesView take_rest() { return take(rest_.size()); }
    std::uint8_t peek() {
        if (rest_.empty()) {
            fail();
            return 0;
        }
        return rest_.front();
    }

  private:
    BytesView rest_;
    bool ok_ = true;
};

class ByteWriter {
  public:
    explicit ByteWriter(Bytes& out) : out_(out) {}

    template <std::unsigned_integral T>
    void number(T value) {
        for (std::size_t i = sizeof(T); i-- > 0;) {
            out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
        }
    }
    void u8(std::uint8_t value) { out_.push_back(value); }
    void u16(std::uint16_t value) { number(value); }
    void u32(std::uint32_t value) { number(value); }
    void u64(std::uint64_t value) { number(value); }
    void bytes(BytesView value) { append(out_, value); }
    void text(std::string_view value) { append(out_, value); }

    std::size_t size() const { return out_.size(); }

    /// Overwrites four bytes at `offset`, for a length that is known only afterwards.
    void patch_u32(std::size_t offset, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i) {
            out_[offset + i] = static_cast<std::uint8_t>(value >> (8 * (3 - i)));
        }
    }

  private:
    Bytes& out_;
};

}  // namespace restante
