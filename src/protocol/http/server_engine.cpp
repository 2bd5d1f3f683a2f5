#include "protocol/http/server_engine.hpp"

#include <string>
#include <utility>

#include "base/assert.hpp"
#include "base/engine.hpp"
#include "protocol/http/serialize.hpp"

namespace restante::http {

static_assert(Engine<ServerEngine>);

namespace {

ErrorCode code_for(int status) {
    switch (status) {
        case 408:
            return ErrorCode::timeout;
        case 413:
            return ErrorCode::message_too_large;
        case 400:
            return ErrorCode::malformed;
        default:
            return ErrorCode::protocol_error;
    }
}

}  // namespace

void ServerEngine::start(SteadyTime now) {
    deadline_ = now + options_.head_timeout;
}

void ServerEngine::receive(BytesView bytes, SteadyTime now) {
    if (bytes.empty()) return;
    switch (state_) {
        case State::closed:
        case State::lingering:
            return;
        case State::raw:
            events_.emplace_back(Raw{to_bytes(bytes)});
            return;
        case State::answering:
            // One more request of the largest size may wait; who sends more does not read.
            if (input_.size() + bytes.size() > head_bytes_max + options_.body_bytes_max) {
                events_.emplace_back(Failed{
                    {ErrorCode::protocol_error, "too many bytes sent before the last answer"}});
                close();
                return;
            }
            input_.append(bytes);
            return;
        case State::head:
        case State::body:
            input_.append(bytes);
            proceed(now);
            return;
    }
}

std::optional<ServerEvent> ServerEngine::next_event() {
    if (events_.empty()) return std::nullopt;
    ServerEvent event = std::move(events_.front());
    events_.erase(events_.begin());
    return event;
}

Bytes ServerEngine::take_output() {
    return std::exchange(output_, {});
}

void ServerEngine::advance(SteadyTime now) {
    if (!deadline_ || now < *deadline_) return;
    if (state_ == State::body) {
        give_up({408, "the body did not arrive in time"}, now);
    } else if (state_ == State::head && head_started_) {
        give_up({408, "the headers did not arrive in time"}, now);
    } else {
        close();  // idle or done lingering: nobody's fault
    }
}

void ServerEngine::respond(const Response& response, SteadyTime now) {
    if (state_ == State::closed) return;
    RESTANTE_ASSERT(state_ == State::answering);
    const bool close_after = !head_.keep_alive || response.headers.has_token("Connection", "close");
    auto field = ConnectionField::none;
    if (close_after) {
        field = ConnectionField::close;
    } else if (head_.http_1_0) {
        field = ConnectionField::keep_alive;
    }
    append_response(output_, response, field, head_.request.method == "HEAD");
    if (close_after) {
        close();
        return;
    }
    expect_next_request(now);
    proceed(now);
}

void ServerEngine::upgrade(const Response& response) {
    if (state_ == State::closed) return;
    RESTANTE_ASSERT(state_ == State::answering);
    append_upgrade(output_, response);
    state_ = State::raw;
    if (!input_.empty()) events_.emplace_back(Raw{to_bytes(input_.view())});
    input_.clear();
}

/// Reads on until a request waits for its answer or the input is used up.
void ServerEngine::proceed(SteadyTime now) {
    while (!input_.empty()) {
        const bool further = state_ == State::head   ? read_head(now)
                             : state_ == State::body ? read_body(now)
                                                     : false;
        if (!further) return;
    }
}

bool ServerEngine::read_head(SteadyTime now) {
    if (!head_started_) {
        head_started_ = true;
        deadline_ = now + options_.head_timeout;
    }
    // One empty line before a request is forgiven [RFC 9112 2.2].
    if (!empty_line_skipped_ && as_text(input_.view()).starts_with("\r\n")) {
        input_.consume(2);
        empty_line_skipped_ = true;
        head_started_ = false;
        head_checked_ = 0;
        return true;
    }
    const std::string_view text = as_text(input_.view());
    if (text == "\r") return false;
    const auto end = find_head_end(text, head_checked_);
    if (!end) {
        give_up(end.error(), now);
        return false;
    }
    head_checked_ = text.size();
    if (*end == 0) return false;

    auto head = parse_request_head(text.substr(0, *end));
    if (!head) {
        give_up(head.error(), now);
        return false;
    }
    head_ = std::move(*head);
    input_.consume(*end);
    return open_body(now);
}

bool ServerEngine::open_body(SteadyTime now) {
    auto body = BodyReader::open(head_.framing, options_.body_bytes_max);
    if (!body) {
        give_up(body.error(), now);
        return false;
    }
    body_ = std::move(*body);
    if (body_.done()) {
        request_complete();
        return false;
    }
    // A client that has sent some of the body already waits for nothing [RFC 9110 10.1.1].
    if (head_.expects_continue && input_.empty()) append(output_, "HTTP/1.1 100 Continue\r\n\r\n");
    state_ = State::body;
    deadline_ = now + options_.body_timeout;
    return true;
}

bool ServerEngine::read_body(SteadyTime now) {
    const auto used = body_.feed(input_.view());
    if (!used) {
        give_up(used.error(), now);
        return false;
    }
    input_.consume(*used);
    if (body_.done()) request_complete();
    return false;
}

void ServerEngine::request_complete() {
    RequestReceived received{std::move(head_.request)};
    received.request.body = body_.take();
    head_.request.method = received.request.method;  // respond() asks whether it was HEAD
    state_ = State::answering;
    deadline_.reset();
    events_.emplace_back(std::move(received));
}

void ServerEngine::expect_next_request(SteadyTime now) {
    state_ = State::head;
    head_ = {};
    head_checked_ = 0;
    head_started_ = false;
    empty_line_skipped_ = false;
    deadline_ = now + options_.idle_timeout;
}

void ServerEngine::give_up(const Refusal& refusal, SteadyTime now) {
    Response response{.status = refusal.status,
                      .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                      .body = to_bytes(refusal.reason)};
    append_response(output_, response, ConnectionField::close, head_.request.method == "HEAD");
    events_.emplace_back(Failed{{code_for(refusal.status), std::string(refusal.reason)}});
    close();
    if (refusal.status == 413) {
        state_ = State::lingering;
        deadline_ = now + linger_timeout;
    }
}

void ServerEngine::close() {
    state_ = State::closed;
    deadline_.reset();
    input_.clear();
}

}  // namespace restante::http
