#include "http_client_session.hpp"

#include <utility>

namespace restante::fleet {

HttpClientSession::HttpClientSession(std::string host, Ended ended)
    : engine_(http::ClientOptions{.host = std::move(host)}), ended_(std::move(ended)) {}

void HttpClientSession::start(net::ConnectionHandle, const net::Peer&, Now now) {
    now_ = now;
    opened();
}

void HttpClientSession::receive(BytesView bytes, Now now) {
    now_ = now;
    engine_.receive(bytes, now.steady);
    handle_events();
}

void HttpClientSession::advance(Now now) {
    now_ = now;
    engine_.advance(now.steady);
    handle_events();
}

void HttpClientSession::closed(const Error& reason) {
    if (reason.code == ErrorCode::connection_dropped) {
        engine_.peer_closed();
        handle_events();
    }
    ended_(left_ ? std::nullopt : std::optional(fault_.value_or(reason)));
}

void HttpClientSession::send(const http::Request& request) {
    if (auto sent = engine_.send(request, now_.steady); !sent) give_up(sent.error());
}

void HttpClientSession::give_up(Error fault) {
    if (!fault_) fault_ = std::move(fault);
}

void HttpClientSession::handle_events() {
    while (auto event = engine_.next_event()) {
        if (const auto* received = std::get_if<http::ResponseReceived>(&*event)) {
            answered(received->response);
        } else {
            give_up(std::get<http::RequestsFailed>(*event).error);
        }
    }
}

}  // namespace restante::fleet
