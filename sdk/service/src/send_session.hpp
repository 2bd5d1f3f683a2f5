#pragma once
// One AMQP connection that sends messages to devices:
//
//     open ─▶ $cbs links ─▶ put-token ─▶ sender link ─▶ sending ──(token due)──▶ put-token
//                               │ refused    │ refused
//                               └────────────┴──▶ over: every send not answered yet fails
//
// Owned by its connection, used on the manager's loop. Sends that come before the link stands wait
// in order; the callers bound them, since each waits for its answer.

#include <deque>
#include <functional>
#include <unordered_map>

#include "base/error.hpp"
#include "net/session.hpp"
#include "protocol/amqp/connection.hpp"
#include "service_account.hpp"

namespace restante::service {

class SendSession final : public net::Session {
  public:
    using Answer = std::move_only_function<void(Result<void>)>;

    /// Told once, on the loop, why the connection can send no more: before any answer about it.
    using Ended = std::move_only_function<void(const Error&)>;

    /// The account outlives the session.
    SendSession(const ServiceAccount& account, Ended ended)
        : account_(account), ended_(std::move(ended)) {}

    /// Sends an encoded message; the answer comes once the hub decided, or the connection ended.
    void send(Bytes message, Answer answer);

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) override;
    void receive(BytesView bytes, Now now) override;
    Bytes take_output() override;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool finished() const override { return engine_ && engine_->finished(); }
    void closed(const Error& reason) override;

  private:
    struct Waiting {
        Bytes message;
        Answer answer;
    };

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

    void put_token();
    void token_answered(const amqp::Delivered& event);
    void flush();
    void give_up(Error reason);

    const ServiceAccount& account_;
    Ended ended_;
    std::optional<amqp::Connection> engine_;
    Now now_{};
    amqp::SessionId session_{};
    std::optional<amqp::LinkId> cbs_sender_;
    std::optional<amqp::LinkId> cbs_receiver_;
    std::optional<amqp::LinkId> sender_;
    std::optional<SteadyTime> renew_at_;
    bool token_wanted_ = true;
    std::uint64_t last_tag_ = 0;
    std::deque<Waiting> waiting_;
    std::unordered_map<amqp::DeliveryId, Answer> sent_;
    std::optional<Error> failure_;
};

}  // namespace restante::service
