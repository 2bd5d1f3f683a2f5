#pragma once
// A device's connection by AMQP:
//
//     open ─▶ [ $cbs links ─▶ put-token ─▶ ] sender of telemetry stands: accepted
//                                 │ refused     │ refused        ├─ receiver: subscribed
//                                 └─────────────┴──▶ over        └─ deliveries both ways
//
// A device that has a certificate puts no token. That the link for telemetry stands is the hub's
// word that it knows the device, whether or not anything is ever sent on it.

#include <deque>
#include <map>
#include <string>

#include "configuration.hpp"
#include "hub_session.hpp"
#include "protocol/amqp/connection.hpp"

namespace restante::device {

class AmqpSession final : public HubSession {
  public:
    /// `token`: empty for a device that has a certificate. The configuration outlives the session.
    AmqpSession(Core& core, const Configuration& configuration, std::string token)
        : HubSession(core), configuration_(configuration), token_(std::move(token)) {}

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override { return engine_ ? engine_->take_output() : Bytes(); }
    std::optional<SteadyTime> next_deadline() const override { return engine_->next_deadline(); }
    void advance(Now now) override;
    bool finished() const override { return engine_ && engine_->finished(); }

    void subscribe() override;
    void unsubscribe() override;
    Outcome send(std::uint64_t number, const Message& message) override;
    void say_goodbye() override { engine_->close(); }

  private:
    struct Waiting {
        std::uint64_t number;
        Bytes payload;
    };

    std::string address(std::string_view endpoint) const;
    void handle_events();
    void on(amqp::Opened&& event);
    void on(amqp::Attached&& event);
    void on(amqp::CreditGranted&& event);
    void on(amqp::Delivered&& event);
    void on(amqp::DispositionReceived&& event);
    void on(amqp::Detached&& event);
    void on(amqp::Ended&& event);
    void on(amqp::Closed&& event);
    void on(amqp::Failed&& event);
    void on(amqp::Began&&) {}
    void on(amqp::SaslRequested&&) {}
    void on(amqp::AttachRequested&&) {}

    std::optional<amqp::LinkId> attach(amqp::Role role, std::string_view endpoint);
    void put_token();
    void on_token_answer(BytesView answer);
    void attach_sender();
    void on_devicebound(amqp::Delivered&& event);
    void flush();
    /// The hub or this end has had enough; the first reason counts.
    void give_up(const Error& reason, std::uint32_t number = 0);
    void give_up(const std::optional<amqp::ErrorCondition>& error, std::string_view fallback);

    const Configuration& configuration_;
    std::string token_;  ///< until it is put
    std::optional<amqp::Connection> engine_;
    net::ConnectionHandle handle_;
    amqp::SessionId session_{};
    std::optional<amqp::LinkId> cbs_sender_;
    std::optional<amqp::LinkId> cbs_receiver_;
    std::optional<amqp::LinkId> sender_;
    std::optional<amqp::LinkId> receiver_;
    std::deque<Waiting> waiting_;                     ///< for credit; Sending bounds them
    std::map<amqp::DeliveryId, std::uint64_t> sent_;  ///< Core's numbers, not settled yet
    std::uint64_t last_tag_ = 0;
};

}  // namespace restante::device
