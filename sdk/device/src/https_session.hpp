#pragma once
// A device's connection by HTTPS: requests one after the other, the device's word that it is there.
//
//     probe ─▶ accepted ─┬─ subscribed: GET ─▶ a message ─▶ handler ─▶ DELETE or POST ─▶ GET ...
//                        │                 └─▶ none ─▶ polling_interval ─▶ GET
//                        ├─ telemetry: POST
//                        └─ silence of half of keep_alive: probe
//
// The probe abandons a message that cannot exist: the hub looks at the token or certificate first,
// and then finds nothing to do. A message is asked for when the one before it is settled, so that
// none waits locked behind a slow handler.

#include <deque>
#include <string>

#include "configuration.hpp"
#include "hub_session.hpp"
#include "protocol/http/client_engine.hpp"

namespace restante::device {

class HttpsSession final : public HubSession {
  public:
    /// `token`: empty for a device that has a certificate. The configuration outlives the session.
    HttpsSession(Core& core, const Configuration& configuration, std::string token);

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool finished() const override;

    void subscribe() override;
    void unsubscribe() override;
    Outcome send(std::uint64_t number, const Message& message) override;
    void say_goodbye() override;

  private:
    enum class Purpose : std::uint8_t { probe, subscription, poll, settlement, telemetry };
    struct Call {
        Purpose purpose;
        http::Request request;
        std::uint64_t number = 0;  ///< telemetry: Core's
    };

    bool polls_next() const;
    SteadyTime idle_deadline() const;
    http::Request request(std::string method, std::string_view path) const;
    void push(Purpose purpose, http::Request request, std::uint64_t number = 0);
    void push_settlement(std::string_view lock_token, Settlement settlement);
    void push_probe();
    void handle_events();
    void answer(const Call& call, http::Response response);
    void on_probe();
    void on_poll(Purpose purpose, http::Response response);
    void on_message(http::Response response);
    void on_settlement();
    void on_telemetry(std::uint64_t number, const Outcome& refusal);
    void give_up(const Error& reason, std::uint32_t number = 0);

    const Configuration& configuration_;
    const std::string token_;
    http::ClientEngine engine_;
    net::ConnectionHandle handle_;
    SteadyTime now_{};        ///< of the latest call from the connection
    std::deque<Call> calls_;  ///< the front is on the wire; Sending and Core bound the rest
    bool calling_ = false;    ///< the front is on the wire
    bool subscribed_ = false;
    std::string held_;  ///< lock token of the message that is with the application
    bool closing_ = false;
    SteadyTime poll_at_{};  ///< the earliest next time to ask for messages
    SteadyTime probe_at_{};
};

}  // namespace restante::device
