#include "protocol/http/body_reader.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/http/limits.hpp"

namespace restante::http {
namespace {

constexpr std::string_view too_large = "the body is too large";

/// More hexadecimal digits than any size we take, fewer than overflow 64 bits.
constexpr std::size_t chunk_size_digits_max = 15;

}  // namespace

Parsed<BodyReader> BodyReader::open(const Framing& framing, std::size_t bytes_max) {
    BodyReader reader;
    reader.bytes_max_ = bytes_max;
    switch (framing.kind) {
        case Framing::Kind::none:
            break;
        case Framing::Kind::length:
            if (framing.length > bytes_max) return refuse(413, too_large);
            reader.remaining_ = framing.length;
            reader.state_ = State::data;
            break;
        case Framing::Kind::chunked:
            reader.chunked_ = true;
            reader.state_ = State::chunk_size;
            break;
        case Framing::Kind::until_close:
            reader.remaining_ = bytes_max;
            reader.state_ = State::until_close;
            break;
    }
    return reader;
}

Parsed<std::size_t> BodyReader::feed(BytesView bytes) {
    std::size_t used = 0;
    while (!done() && used < bytes.size()) {
        const BytesView rest = bytes.subspan(used);
        const bool data = state_ == State::data || state_ == State::until_close;
        const auto taken = data ? take_data(rest) : take_line(rest);
        if (!taken) return taken;
        used += *taken;
    }
    return used;
}

void BodyReader::end_of_input() {
    if (state_ == State::until_close) state_ = State::done;
}

Parsed<std::size_t> BodyReader::take_data(BytesView bytes) {
    if (state_ == State::until_close && bytes.size() > remaining_) return refuse(413, too_large);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
    append(body_, bytes.first(count));
    remaining_ -= count;
    if (remaining_ == 0 && state_ == State::data) {
        state_ = chunked_ ? State::chunk_end : State::done;
    }
    return count;
}

/// Collects up to and including the next CRLF; the bound is the one of the line at hand.
Parsed<std::size_t> BodyReader::take_line(BytesView bytes) {
    const std::size_t line_max =
        state_ == State::trailer ? trailer_bytes_max - trailer_bytes_ : chunk_line_bytes_max;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char c = static_cast<char>(bytes[i]);
        const bool after_cr = line_.ends_with('\r');
        if ((c == '\n') != after_cr) return refuse(400, "a line break that is not CR LF");
        if (is_control(c) && c != '\r' && c != '\n') {
            return refuse(400, "a control character in a chunk's size line or the trailer");
        }
        if (line_.size() == line_max) {
            return refuse(400, "a chunk's size line or the trailer is too long");
        }
        line_ += c;
        if (c == '\n') {
            trailer_bytes_ += state_ == State::trailer ? line_.size() : 0;
            line_.resize(line_.size() - 2);
            auto ok = line_complete();
            line_.clear();
            if (!ok) return std::unexpected(ok.error());
            return i + 1;
        }
    }
    return bytes.size();
}

Parsed<void> BodyReader::line_complete() {
    if (state_ == State::chunk_size) return start_chunk();
    if (state_ == State::trailer) return end_trailer_line();
    if (!line_.empty()) return refuse(400, "a chunk is longer than its size says");
    state_ = State::chunk_size;
    return {};
}

Parsed<void> BodyReader::start_chunk() {
    const std::string_view line = line_;
    const std::string_view digits = line.substr(0, line.find(';'));
    std::uint64_t size = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, size, 16);
    if (digits.empty() || digits.size() > chunk_size_digits_max || error != std::errc{} ||
        stop != end) {
        return refuse(400, "a chunk size that is not a hexadecimal number");
    }
    if (size > bytes_max_ - body_.size()) return refuse(413, too_large);
    remaining_ = size;
    state_ = size > 0 ? State::data : State::trailer;
    return {};
}

Parsed<void> BodyReader::end_trailer_line() {
    if (line_.empty()) {
        state_ = State::done;
        return {};
    }
    const auto header = parse_header_line(line_);
    if (!header) return std::unexpected(header.error());
    return {};
}

}  // namespace restante::http
