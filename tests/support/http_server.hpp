#pragma once
// An HTTP server engine with its clock, and everything that came out of it.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/http/server_engine.hpp"

namespace restante::test {

struct HttpServer {
    explicit HttpServer(http::ServerOptions options = {}) : engine(options) { engine.start(now); }

    void receive(std::string_view text) {
        engine.receive(as_bytes(text), now);
        drain();
    }
    void receive_bytewise(std::string_view text) {
        for (const char c : text) receive({&c, 1});
    }
    void respond(const http::Response& response = {}) {
        engine.respond(response, now);
        drain();
    }
    void advance(Milliseconds by) {
        now += by;
        engine.advance(now);
        drain();
    }
    std::string output() { return to_text(engine.take_output()); }

    void drain() {
        while (auto event = engine.next_event()) {
            if (auto* received = std::get_if<http::RequestReceived>(&*event)) {
                requests.push_back(std::move(received->request));
            } else if (auto* raw_bytes = std::get_if<http::Raw>(&*event)) {
                raw += as_text(raw_bytes->bytes);
            } else {
                failures.push_back(std::get<http::Failed>(*event).error);
            }
        }
    }

    http::ServerEngine engine;
    SteadyTime now{std::chrono::hours{1}};
    std::vector<http::Request> requests;
    std::vector<Error> failures;
    std::string raw;
};

}  // namespace restante::test
