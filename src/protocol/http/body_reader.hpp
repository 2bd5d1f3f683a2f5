#pragma once
// Collects one message body as its bytes arrive, whichever way its end is marked.
//
//     length        Content-Length bytes
//     chunked       *( hex-size [;extensions] CRLF bytes CRLF ) 0 CRLF *( field CRLF ) CRLF
//     until_close   everything until the peer closes
//
// Memory grows with bytes that have arrived, never with a length that was only announced.

#include <string>

#include "base/bytes.hpp"
#include "protocol/http/head.hpp"

namespace restante::http {

class BodyReader {
  public:
    BodyReader() = default;

    /// Refuses (413) a length beyond `bytes_max` before any of it arrives.
    static Parsed<BodyReader> open(const Framing& framing, std::size_t bytes_max);

    /// Takes what belongs to the body and returns how many bytes that was; done() then says
    /// whether more is needed. A body beyond its limit is refused with 413, bad chunks with 400.
    Parsed<std::size_t> feed(BytesView bytes);

    /// The peer has closed: the end of an until_close body, too early for any other.
    void end_of_input();

    bool done() const { return state_ == State::done; }
    Bytes take() { return std::move(body_); }

  private:
    enum class State : std::uint8_t {
        data,         // remaining_ bytes of the body or of a chunk
        chunk_size,   // a size line
        chunk_end,    // the CRLF after a chunk
        trailer,      // fields after the last chunk, up to an empty line
        until_close,  // whatever comes
        done,
    };

    Parsed<std::size_t> take_data(BytesView bytes);
    Parsed<std::size_t> take_line(BytesView bytes);
    Parsed<void> line_complete();
    Parsed<void> start_chunk();
    Parsed<void> end_trailer_line();

    State state_ = State::done;
    bool chunked_ = false;
    std::size_t bytes_max_ = 0;
    std::uint64_t remaining_ = 0;
    std::size_t trailer_bytes_ = 0;
    std::string line_;
    Bytes body_;
};

}  // namespace restante::http
