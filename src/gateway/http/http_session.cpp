#include "gateway/http/http_session.hpp"

#include "gateway/http/http_routes.hpp"

namespace restante::gateway {

void HttpSession::start(net::ConnectionHandle handle, const net::Peer& peer, Now now) {
    connection_.handle = std::move(handle);
    connection_.peer = peer;
    connection_.now = now;
    connection_.engine.start(now.steady);
}

void HttpSession::receive(BytesView bytes, Now now) {
    connection_.now = now;
    connection_.engine.receive(bytes, now.steady);
}

/// Requests are taken up here, where answers are asked for: a client that does not read its
/// answers gets no more work done, and an answer that came as posted work is followed by the
/// request that waited behind it.
Bytes HttpSession::take_output() {
    while (auto event = connection_.engine.next_event()) {
        if (auto* received = std::get_if<http::RequestReceived>(&*event)) {
            exchange_.emplace(connection_, std::move(received->request));
            route(*exchange_);
        } else if (const auto* failed = std::get_if<http::Failed>(&*event)) {
            connection_.access.log_refusal("https", connection_.peer, "", failed->error);
        }
    }
    return connection_.engine.take_output();
}

std::optional<SteadyTime> HttpSession::next_deadline() const {
    return connection_.engine.next_deadline();
}

void HttpSession::advance(Now now) {
    connection_.now = now;
    connection_.engine.advance(now.steady);
}

void HttpSession::closed(const Error&) {}

}  // namespace restante::gateway
