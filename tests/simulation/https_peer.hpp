#pragma once
// What all simulated clients over HTTPS have in common.

#include <string>
#include <utility>

#include "peer.hpp"
#include "protocol/http/client_engine.hpp"

namespace restante::simulation {

/// One request at a time, as every HTTPS client of the service has it.
class HttpsPeer : public Peer {
  public:
    HttpsPeer(Surroundings& around, const Line& line, std::string token)
        : around_(around),
          line_(line),
          token_(std::move(token)),
          engine_({.host = Surroundings::hostname}) {}

    void receive(BytesView bytes) override {
        engine_.receive(bytes, now());
        handle_events();
    }
    Bytes take_output() override { return engine_.take_output(); }
    void advance() override {
        engine_.advance(now());
        handle_events();
    }
    void act() override {
        if (!waiting_ && !engine_.finished()) next_request();
    }
    bool over() const override { return engine_.finished(); }

  protected:
    virtual void next_request() = 0;
    virtual void answered(const http::Response& response) = 0;

    SteadyTime now() const { return around_.clock.now().steady; }
    void ask(std::string method, std::string target, http::Headers headers = {}, Bytes body = {}) {
        headers.add("Authorization", token_);
        asked_at_ = now();
        asked_step_ = around_.step;
        waiting_ = engine_
                       .send({.method = std::move(method),
                              .target = std::move(target),
                              .headers = std::move(headers),
                              .body = std::move(body)},
                             asked_at_)
                       .has_value();
    }
    static std::string lock_token(const http::Response& response) {
        const auto tag = response.headers.find("ETag").value_or("\"\"");
        return std::string(tag.substr(1, tag.size() - 2));
    }

    Surroundings& around_;
    const Line& line_;
    SteadyTime asked_at_{};
    std::uint64_t asked_step_ = 0;

  private:
    void handle_events() {
        while (auto event = engine_.next_event()) {
            auto* received = std::get_if<http::ResponseReceived>(&*event);
            if (received == nullptr) continue;
            waiting_ = false;
            answered(received->response);
        }
    }

    const std::string token_;
    http::ClientEngine engine_;
    bool waiting_ = false;
};

}  // namespace restante::simulation
