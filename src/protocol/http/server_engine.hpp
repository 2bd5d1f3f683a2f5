#pragma once
// The server's side of one HTTP/1.1 (or 1.0) connection: bytes in, requests out, responses back.
// One session owns it and ends it; it satisfies restante::Engine.
//
//            head complete         body complete            respond()
//     head ───────────────▶ body ───────────────▶ answering ──────────▶ head, or closed
//      │                     │                        │     upgrade()
//      │ silence             │ fault, too slow,       └────────────────▶ raw
//      ▼                     ▼ too large
//     closed               closed, after lingering when a body was too large
//
// One request at a time: the next is not looked at before the last one was answered, so answers
// keep the order of the requests. What a client pipelines meanwhile waits unread, up to the size of
// one more request. A request that cannot be trusted is answered here (400, 408, 413, 417, 431,
// 501, 505), reported as Failed, and nothing after it is read.

#include <optional>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "protocol/http/body_reader.hpp"
#include "protocol/http/input_buffer.hpp"
#include "protocol/http/limits.hpp"
#include "protocol/http/message.hpp"

namespace restante::http {

struct ServerOptions {
    std::size_t body_bytes_max = body_bytes_max_default;
    Milliseconds head_timeout = head_timeout_default;
    Milliseconds body_timeout = body_timeout_default;
    Milliseconds idle_timeout = idle_timeout_default;
};

/// To be answered with respond() or upgrade(), now or later.
struct RequestReceived {
    Request request;
};

/// Bytes after an upgrade, untouched.
struct Raw {
    Bytes bytes;
};

/// The peer's fault, for the log. The answer, if any is due, is in the output already.
struct Failed {
    Error error;
};

using ServerEvent = std::variant<RequestReceived, Raw, Failed>;

class ServerEngine {
  public:
    explicit ServerEngine(ServerOptions options = {}) : options_(options) {}

    /// The connection stands: the first request is due within head_timeout.
    void start(SteadyTime now);

    void receive(BytesView bytes, SteadyTime now);
    std::optional<ServerEvent> next_event();
    Bytes take_output();
    std::optional<SteadyTime> next_deadline() const { return deadline_; }
    void advance(SteadyTime now);

    /// Answers the request that was received. `Connection: close` among the headers closes the
    /// connection afterwards. Ignored when the connection has failed since the request came.
    void respond(const Response& response, SteadyTime now);

    /// Answers the request with 101 and these headers (Upgrade, Connection and what the new
    /// protocol wants). From here on the engine only passes bytes: received ones come as Raw, and
    /// the session writes its own output after take_output()'s. No deadline runs any more.
    void upgrade(const Response& response);

    /// Nothing more will be read or answered: close once the output is written.
    bool finished() const { return state_ == State::closed; }

  private:
    enum class State : std::uint8_t { head, body, answering, raw, lingering, closed };

    void proceed(SteadyTime now);
    bool read_head(SteadyTime now);
    bool read_body(SteadyTime now);
    bool open_body(SteadyTime now);
    void request_complete();
    void expect_next_request(SteadyTime now);
    void give_up(const Refusal& refusal, SteadyTime now);
    void close();

    ServerOptions options_;
    State state_ = State::head;
    InputBuffer input_;
    std::size_t head_checked_ = 0;     // bytes of input_ that find_head_end() has seen
    bool empty_line_skipped_ = false;  // before this request
    bool head_started_ = false;        // a byte of this request has arrived
    RequestHead head_;                 // of the request being read or answered
    BodyReader body_;
    std::optional<SteadyTime> deadline_;
    std::vector<ServerEvent> events_;  // at most a request or raw bytes, and a failure
    Bytes output_;
};

}  // namespace restante::http
