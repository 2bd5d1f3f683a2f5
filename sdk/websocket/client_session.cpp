#include "client_session.hpp"

#include <fmt/format.h>

#include <utility>

namespace restante::websocket {

void ClientSession::start(net::ConnectionHandle handle, const net::Peer& peer, Now now) {
    handle_ = std::move(handle);
    peer_ = peer;
    request_ = request_of(opening_);
    answer_due_ = now.steady + opening_timeout;
}

void ClientSession::receive(BytesView bytes, Now now) {
    if (state_ == State::opening) bytes = bytes.subspan(read_opening_answer(bytes, now));
    if (state_ != State::open) return;
    websocket_.receive(bytes, now.steady);
    handle_events(now);
}

/// Returns how many of `bytes` belong to the answer. Opens, or refuses, once that is whole.
std::size_t ClientSession::read_opening_answer(BytesView bytes, Now now) {
    const std::size_t before = answer_.size();
    append(answer_, bytes);
    const auto read = read_answer(answer_, opening_);
    if (!read) {
        refuse(read.error());
        return bytes.size();
    }
    if (!*read) return bytes.size();
    answer_ = {};
    state_ = State::open;
    inner_->start(handle_, peer_, now);
    return **read - before;
}

void ClientSession::handle_events(Now now) {
    while (auto event = websocket_.next_event()) {
        if (const auto* received = std::get_if<Received>(&*event)) {
            if (!inner_->finished()) inner_->receive(received->bytes, now);
        } else if (const auto* closed = std::get_if<Closed>(&*event)) {
            ended_.emplace(ErrorCode::connection_dropped,
                           fmt::format("the server closed the WebSocket ({})",
                                       static_cast<unsigned>(closed->code)));
        } else {
            ended_ = std::get<Failed>(*event).error;
        }
    }
}

void ClientSession::refuse(Error error) {
    state_ = State::refused;
    ended_ = std::move(error);
    answer_ = {};
}

Bytes ClientSession::take_output() {
    if (state_ != State::open) return std::exchange(request_, {});
    // Once the peer has closed, the inner session is asked nothing more: it could not leave.
    if (websocket_.finished()) return websocket_.take_output();
    websocket_.send(inner_->take_output());
    if (inner_->finished()) {
        websocket_.send(inner_->take_output());
        websocket_.close(CloseCode::normal);
    }
    return websocket_.take_output();
}

std::optional<SteadyTime> ClientSession::next_deadline() const {
    switch (state_) {
        case State::opening:
            return answer_due_;
        case State::open:
            return inner_->finished() ? websocket_.next_deadline() : inner_->next_deadline();
        case State::refused:
            break;
    }
    return std::nullopt;
}

void ClientSession::advance(Now now) {
    if (state_ == State::opening && now.steady >= answer_due_) {
        refuse(Error(ErrorCode::timeout,
                     "the server did not answer the request to open a WebSocket in time"));
    }
    if (state_ != State::open) return;
    websocket_.advance(now.steady);
    if (!inner_->finished()) inner_->advance(now);
}

bool ClientSession::finished() const {
    return state_ == State::refused || websocket_.finished();
}

void ClientSession::closed(const Error& reason) {
    // An inner session that has finished is owed "cancelled", however the peer then took the close.
    if (state_ == State::open && inner_->finished()) {
        return inner_->closed(Error(ErrorCode::cancelled, "closed by this end"));
    }
    inner_->closed(ended_.value_or(reason));
}

}  // namespace restante::websocket
