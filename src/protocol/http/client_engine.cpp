#include "protocol/http/client_engine.hpp"

#include <utility>

#include "base/engine.hpp"
#include "protocol/http/serialize.hpp"

namespace restante::http {

static_assert(Engine<ClientEngine>);

Result<void> ClientEngine::send(const Request& request, SteadyTime now) {
    if (request.method.size() > method_bytes_max || !is_token(request.method)) {
        return fail(ErrorCode::argument_invalid, "the HTTP method is not a token");
    }
    if (!request.target.starts_with('/') || !is_target(request.target)) {
        return fail(ErrorCode::argument_invalid,
                    "an HTTP target is a path of visible ASCII characters; escape the others");
    }
    if (finished_) {
        return fail(ErrorCode::connection_dropped, "the HTTP connection has ended; open another");
    }
    if (pending_.size() == queued_requests_max) {
        return fail(ErrorCode::throttled, "too many HTTP requests wait on this connection");
    }
    Pending pending{.head = request.method == "HEAD"};
    append_request(pending.bytes, request, options_.host);
    pending_.push_back(std::move(pending));
    if (pending_.size() == 1) send_front(now);
    return {};
}

void ClientEngine::receive(BytesView bytes, SteadyTime now) {
    if (finished_) return;
    input_.append(bytes);
    while (!finished_ && !input_.empty()) {
        if (pending_.empty()) {
            give_up(ErrorCode::protocol_error, "the server sent a response nobody asked for");
            return;
        }
        const bool further = head_ ? read_body() : read_head();
        if (response_complete_) {
            complete(now);
        } else if (!further) {
            return;
        }
    }
}

std::optional<ClientEvent> ClientEngine::next_event() {
    if (events_.empty()) return std::nullopt;
    ClientEvent event = std::move(events_.front());
    events_.erase(events_.begin());
    return event;
}

Bytes ClientEngine::take_output() {
    return std::exchange(output_, {});
}

void ClientEngine::advance(SteadyTime now) {
    if (!deadline_ || now < *deadline_) return;
    give_up(ErrorCode::timeout, "the server did not answer in time");
}

void ClientEngine::peer_closed() {
    if (finished_) return;
    body_.end_of_input();
    if (head_ && body_.done()) {
        head_->keep_alive = false;
        complete({});
    } else {
        give_up(ErrorCode::connection_dropped, "the server closed the connection");
    }
}

void ClientEngine::send_front(SteadyTime now) {
    append(output_, std::exchange(pending_.front().bytes, {}));
    deadline_ = now + options_.response_timeout;
}

bool ClientEngine::read_head() {
    const std::string_view text = as_text(input_.view());
    const auto end = find_head_end(text, head_checked_);
    if (!end) {
        give_up(end.error());
        return false;
    }
    head_checked_ = text.size();
    if (*end == 0) return false;
    auto head = parse_response_head(text.substr(0, *end), pending_.front().head);
    if (!head) {
        give_up(head.error());
        return false;
    }
    input_.consume(*end);
    head_checked_ = 0;
    return start_response(std::move(*head));
}

bool ClientEngine::start_response(ResponseHead head) {
    if (head.response.status == 101) {
        give_up(ErrorCode::protocol_error, "the server switched protocols unasked");
        return false;
    }
    if (head.response.status < 200) {
        if (++interim_ <= interim_responses_max) return true;
        give_up(ErrorCode::protocol_error, "the server sent only interim responses");
        return false;
    }
    auto body = BodyReader::open(head.framing, options_.body_bytes_max);
    if (!body) {
        give_up(body.error());
        return false;
    }
    head_ = std::move(head);
    body_ = std::move(*body);
    response_complete_ = body_.done();
    return true;
}

bool ClientEngine::read_body() {
    const auto used = body_.feed(input_.view());
    if (!used) {
        give_up(used.error());
        return false;
    }
    input_.consume(*used);
    response_complete_ = body_.done();
    return false;
}

/// Hands out the response and turns to the next request, if the server keeps the connection.
void ClientEngine::complete(SteadyTime now) {
    ResponseReceived received{std::move(head_->response)};
    received.response.body = body_.take();
    const bool keep_alive = head_->keep_alive;
    events_.emplace_back(std::move(received));
    pending_.pop_front();
    head_.reset();
    interim_ = 0;
    response_complete_ = false;
    deadline_.reset();
    if (keep_alive) {
        if (!pending_.empty()) send_front(now);
    } else if (!pending_.empty()) {
        give_up(ErrorCode::connection_dropped, "the server closes after this response");
    } else {
        finished_ = true;
        input_.clear();
    }
}

void ClientEngine::give_up(ErrorCode code, std::string_view reason) {
    events_.emplace_back(RequestsFailed{Error(code, std::string(reason)), pending_.size()});
    finished_ = true;
    deadline_.reset();
    pending_.clear();
    input_.clear();
}

void ClientEngine::give_up(const Refusal& refusal) {
    give_up(refusal.status == 413 ? ErrorCode::message_too_large : ErrorCode::malformed,
            refusal.reason);
}

}  // namespace restante::http
