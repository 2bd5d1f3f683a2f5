#include "gateway/http/http_session.hpp"

#include <utility>

#include "gateway/http/http_routes.hpp"

namespace restante::gateway {

void HttpSession::start(net::ConnectionHandle handle, const net::Peer& peer, Now now) {
    auto& connection = http_->connection;
    connection.handle = std::move(handle);
    connection.peer = peer;
    connection.now = now;
    connection.engine.start(now.steady);
}

void HttpSession::receive(BytesView bytes, Now now) {
    if (upgraded_) return upgraded_->receive(bytes, now);
    http_->connection.now = now;
    http_->connection.engine.receive(bytes, now.steady);
}

/// Requests are taken up here, where answers are asked for: a client that does not read its
/// answers gets no more work done, and an answer that came as posted work is followed by the
/// request that waited behind it.
Bytes HttpSession::take_output() {
    if (upgraded_) return upgraded_->take_output();
    auto& [connection, exchange] = *http_;
    while (auto event = connection.engine.next_event()) {
        if (auto* received = std::get_if<http::RequestReceived>(&*event)) {
            exchange.emplace(connection, std::move(received->request));
            route(*exchange);
            if (connection.upgraded) return become(std::move(connection.upgraded));
        } else if (const auto* failed = std::get_if<http::Failed>(&*event)) {
            connection.access.log_refusal("https", connection.peer, "", failed->error);
        }
    }
    return connection.engine.take_output();
}

/// The 101, then whatever the new session says at once and to what the client sent behind its
/// request.
Bytes HttpSession::become(std::unique_ptr<net::Session> upgraded) {
    const auto http = std::exchange(http_, nullptr);
    auto& connection = http->connection;
    upgraded_ = std::move(upgraded);
    Bytes output = connection.engine.take_output();
    upgraded_->start(connection.handle, connection.peer, connection.now);
    while (const auto event = connection.engine.next_event()) {
        if (const auto* raw = std::get_if<http::Raw>(&*event)) {
            upgraded_->receive(raw->bytes, connection.now);
        }
    }
    append(output, upgraded_->take_output());
    return output;
}

std::optional<SteadyTime> HttpSession::next_deadline() const {
    return upgraded_ ? upgraded_->next_deadline() : http_->connection.engine.next_deadline();
}

void HttpSession::advance(Now now) {
    if (upgraded_) return upgraded_->advance(now);
    http_->connection.now = now;
    http_->connection.engine.advance(now.steady);
}

bool HttpSession::proved() const {
    return upgraded_ ? upgraded_->proved() : http_->connection.proved;
}

bool HttpSession::finished() const {
    return upgraded_ ? upgraded_->finished() : http_->connection.engine.finished();
}

void HttpSession::closed(const Error& reason) {
    if (upgraded_) upgraded_->closed(reason);
}

}  // namespace restante::gateway
