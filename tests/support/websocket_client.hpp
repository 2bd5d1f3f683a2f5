#pragma once
// The client's end of a WebSocket to a session on the test's own thread.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "protocol/websocket/connection.hpp"
#include "protocol/websocket/handshake.hpp"
#include "support/session_harness.hpp"

namespace restante::test {

class WebSocketClient {
  public:
    WebSocketClient(std::unique_ptr<net::Session> session, const Clock& clock)
        : harness(std::move(session), clock), clock_(clock) {}

    /// The whole opening handshake; false when the server did not agree.
    bool open(std::string_view target, std::string_view subprotocol) {
        const websocket::ClientOpening opening{.host = "hub.example",
                                               .target = std::string(target),
                                               .subprotocol = std::string(subprotocol)};
        harness.receive(websocket::request_of(opening));
        const auto answer = websocket::read_answer(harness.output(), opening);
        if (!answer || !*answer) return false;
        auto& output = harness.output();
        output.erase(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(**answer));
        return true;
    }

    void send(BytesView bytes) {
        connection.send(bytes);
        flush();
    }
    void close(websocket::CloseCode code = websocket::CloseCode::normal) {
        connection.close(code);
        flush();
    }
    void flush() { harness.receive(connection.take_output()); }

    /// Reads what the session wrote so far: its stream, and how the WebSocket ended.
    const std::string& read() {
        connection.receive(std::exchange(harness.output(), {}), clock_.now().steady);
        while (auto event = connection.next_event()) {
            if (const auto* received = std::get_if<websocket::Received>(&*event)) {
                stream += as_text(received->bytes);
            } else if (const auto* closed = std::get_if<websocket::Closed>(&*event)) {
                close_code = static_cast<int>(closed->code);
            } else {
                ADD_FAILURE() << std::get<websocket::Failed>(*event).error.message;
            }
        }
        return stream;
    }
    /// Reads until that many bytes of the stream have come.
    bool wait_for(std::size_t bytes) {
        return harness.wait_until([&] { return read().size() >= bytes || harness.ended(); }) &&
               read().size() >= bytes;
    }

    SessionHarness harness;
    websocket::Connection connection{websocket::Role::client};
    std::string stream;
    int close_code = 0;  ///< of the session's close, once it came

  private:
    const Clock& clock_;
};

}  // namespace restante::test
