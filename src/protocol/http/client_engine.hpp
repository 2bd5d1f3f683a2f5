#pragma once
// The client's side of one HTTP/1.1 connection: requests in, responses out, one request on the wire
// at a time. One session owns it; it satisfies restante::Engine.
//
// Requests sent while one is outstanding wait here, and each gets its response in turn. The engine
// ends when the server says or shows that it closes, when an answer is late, or when one cannot be
// trusted; requests not answered by then are the owner's to send again on a new connection.

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "protocol/http/body_reader.hpp"
#include "protocol/http/input_buffer.hpp"
#include "protocol/http/limits.hpp"
#include "protocol/http/message.hpp"

namespace restante::http {

struct ClientOptions {
    std::string host;  ///< the Host of requests that name none
    std::size_t body_bytes_max = body_bytes_max_default;
    Milliseconds response_timeout = response_timeout_default;
};

struct ResponseReceived {
    Response response;
};

/// The last event: no response follows.
struct RequestsFailed {
    Error error;
    std::size_t unanswered;  ///< requests sent or queued that get no response
};

using ClientEvent = std::variant<ResponseReceived, RequestsFailed>;

class ClientEngine {
  public:
    explicit ClientEngine(ClientOptions options) : options_(std::move(options)) {}

    /// Sends the request, or queues it behind the outstanding one.
    ///
    /// Errors: argument_invalid (a method that is no token, a target that is no path), throttled
    /// (queued_requests_max are waiting), connection_dropped (the engine has finished).
    Result<void> send(const Request& request, SteadyTime now);

    void receive(BytesView bytes, SteadyTime now);
    std::optional<ClientEvent> next_event();
    Bytes take_output();
    std::optional<SteadyTime> next_deadline() const { return deadline_; }
    void advance(SteadyTime now);

    /// The server has closed its side: the end of a body that has no other, a failure for any
    /// other response that was due.
    void peer_closed();

    bool finished() const { return finished_; }

  private:
    struct Pending {
        Bytes bytes;  // moved to the output once the request is first in line
        bool head = false;
    };

    void send_front(SteadyTime now);
    bool read_head();
    bool read_body();
    bool start_response(ResponseHead head);
    void complete(SteadyTime now);
    void give_up(ErrorCode code, std::string_view reason);
    void give_up(const Refusal& refusal);

    ClientOptions options_;
    std::deque<Pending> pending_;  // the front one is on the wire
    InputBuffer input_;
    std::size_t head_checked_ = 0;      // bytes of input_ that find_head_end() has seen
    std::size_t interim_ = 0;           // interim responses before this one
    std::optional<ResponseHead> head_;  // once read
    BodyReader body_;
    bool response_complete_ = false;
    bool finished_ = false;
    std::optional<SteadyTime> deadline_;
    std::vector<ClientEvent> events_;  // at most queued_requests_max and a failure
    Bytes output_;
};

}  // namespace restante::http
