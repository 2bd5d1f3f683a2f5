#pragma once
// The hub's end of a service's AMQP link, by script: an engine at the other end of a
// SessionHarness.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/amqp/message.hpp"
#include "support/amqp_peer.hpp"
#include "support/manual_clock.hpp"
#include "support/session_harness.hpp"

namespace restante::test {

class ServiceHub {
  public:
    ServiceHub(std::unique_ptr<net::Session> session, ManualClock& clock)
        : clock_(clock),
          harness(std::move(session), clock),
          engine(amqp::test::server_options(), clock.now().steady) {}

    /// Carries bytes both ways until neither end has more to say.
    void pump() {
        harness.receive(BytesView());  // what the session has been asked since
        for (;;) {
            while (auto event = engine.next_event()) handle(*event);
            answer_token();
            const Bytes up = std::exchange(harness.output(), Bytes());
            const Bytes down = engine.take_output();
            if (up.empty() && down.empty()) return;
            engine.receive(up, clock_.now().steady);
            if (!silent) harness.receive(down);
        }
    }

    /// Time passes, in steps that no keep-alive is longer than.
    void pass(Milliseconds time) {
        constexpr Milliseconds step = std::chrono::seconds(10);
        for (Milliseconds passed{0}; passed < time; passed += step) {
            clock_.advance(std::min(step, time - passed));
            engine.advance(clock_.now().steady);
            harness.advance();
            pump();
        }
    }

    amqp::DeliveryId send(const amqp::Message& message, std::string_view tag) {
        const Bytes payload = amqp::encode_message(message);
        const auto sent = engine.send(*link, {.tag = as_bytes(tag), .payload = payload});
        EXPECT_TRUE(sent);
        pump();
        return sent.value_or(amqp::DeliveryId{});
    }

    // the script
    int token_status = 200;
    bool answers_tokens = true;
    bool opens_links = true;
    bool silent = false;  ///< nothing reaches the session: the way back is cut

    // what the hub heard
    std::vector<WallTime> tokens;
    std::optional<amqp::LinkId> link;  ///< the one that is not $cbs
    std::vector<amqp::Delivered> deliveries;
    std::vector<amqp::DispositionReceived> decisions;
    bool closed_in_order = false;

  private:
    ManualClock& clock_;

  public:
    SessionHarness harness;
    amqp::Connection engine;

  private:
    void handle(amqp::Event& event) {
        if (std::holds_alternative<amqp::Opened>(event)) {
            engine.authenticated();
        } else if (const auto* request = std::get_if<amqp::AttachRequested>(&event)) {
            attach(*request);
        } else if (auto* delivered = std::get_if<amqp::Delivered>(&event)) {
            if (delivered->link == cbs_in_) return take_token(*delivered);
            deliveries.push_back(std::move(*delivered));
        } else if (auto* decision = std::get_if<amqp::DispositionReceived>(&event)) {
            if (decision->link == link) decisions.push_back(std::move(*decision));
        } else if (const auto* closed = std::get_if<amqp::Closed>(&event)) {
            closed_in_order = !closed->error;
        }
    }
    void attach(const amqp::AttachRequested& request) {
        const auto& [session, id, attach] = request;
        const bool sends = attach->role == amqp::Role::sender;
        const std::string address =
            (sends ? attach->target->address : attach->source->address).value_or("");
        if (address == "$cbs") {
            (sends ? cbs_in_ : cbs_out_) = id;
        } else {
            if (!opens_links) return;
            link = id;
        }
        engine.accept_attach(id);
        if (sends) engine.set_credit_window(id, 100);
    }
    void take_token(const amqp::Delivered& token) {
        tokens.push_back(clock_.now().wall);
        engine.settle(token.link, token.id, amqp::Accepted{});
        answer_owed_ = answers_tokens;
    }
    /// Once the session has given credit for it.
    void answer_token() {
        if (!answer_owed_ || !cbs_out_ || !engine.can_send(*cbs_out_)) return;
        answer_owed_ = false;
        amqp::Message response;
        response.application_properties.add("status-code", static_cast<std::int32_t>(token_status));
        const Bytes payload = amqp::encode_message(response);
        const Bytes tag = to_bytes(std::to_string(tokens.size()));
        EXPECT_TRUE(engine.send(*cbs_out_, {.tag = tag, .payload = payload, .settled = true}));
    }

    bool answer_owed_ = false;
    std::optional<amqp::LinkId> cbs_in_;
    std::optional<amqp::LinkId> cbs_out_;
};

}  // namespace restante::test
