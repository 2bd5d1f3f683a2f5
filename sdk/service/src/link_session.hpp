#pragma once
// One AMQP connection of a service, with one link of it:
//
//     open ─▶ $cbs links ─▶ put-token ─▶ the link ─▶ standing ──(token due)──▶ put-token
//        └───────────┴──── refused, or late ──┴──────────┴──▶ over: ended(), once
//
// It keeps itself for as long as it stands: tokens are renewed before they expire. It never hangs:
// a hub that owes an answer, or has fallen silent, is given up by a deadline.
//
// Owned by its connection, used on the account's loop. What the link is for is a subclass's.

#include <functional>
#include <optional>

#include "base/error.hpp"
#include "net/session.hpp"
#include "protocol/amqp/connection.hpp"
#include "service_account.hpp"

namespace restante::service {

/// What we tell the hub of our patience: silence of twice as long is a connection lost. In line
/// with what the service's own clients of Event Hubs say.
inline constexpr Milliseconds idle_time_out = std::chrono::seconds{60};

class LinkSession : public net::Session {
  public:
    /// Told once, on the loop, why the connection is of no more use: before any answer about it.
    using Ended = std::move_only_function<void(const Error&)>;

    /// The conversation ends in good order: ended() comes with the hub's answer, or after the
    /// engine's close timeout.
    void close();

    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) final;
    void receive(BytesView bytes, Now now) final;
    Bytes take_output() final;
    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;
    bool finished() const final { return engine_ && engine_->finished(); }
    void closed(const Error& reason) final;

  protected:
    /// The account outlives the session.
    LinkSession(const ServiceAccount& account, amqp::Attach attach, Ended ended)
        : account_(account), attach_(std::move(attach)), ended_(std::move(ended)) {}

    /// What the hub said of its refusal; `fallback` where it said nothing.
    static Error from_condition(const std::optional<amqp::ErrorCondition>& error,
                                std::string_view fallback);

    /// The link stands, or has new credit.
    virtual void on_ready() = 0;
    virtual void on_delivered(amqp::Delivered&&) {}
    virtual void on_disposition(amqp::DispositionReceived&& event) = 0;
    /// After ended(); nothing else follows but calls from outside, which fail with failure().
    virtual void on_ended(const Error& reason) = 0;

    /// Null until the link stands.
    amqp::Connection* engine() { return standing_since_ && !failure_ ? &*engine_ : nullptr; }
    amqp::LinkId link() const { return *link_; }
    Now now() const { return now_; }
    const std::optional<Error>& failure() const { return failure_; }
    std::optional<SteadyTime> standing_since() const { return standing_since_; }
    Bytes next_tag();
    void give_up(Error reason);

  private:
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
    void end_with(Error reason);

    const ServiceAccount& account_;
    amqp::Attach attach_;
    Ended ended_;
    std::optional<amqp::Connection> engine_;
    Now now_{};
    amqp::SessionId session_{};
    std::optional<amqp::LinkId> cbs_sender_;
    std::optional<amqp::LinkId> cbs_receiver_;
    std::optional<amqp::LinkId> link_;
    std::optional<SteadyTime> standing_since_;
    std::optional<SteadyTime> renew_at_;
    std::optional<SteadyTime> answer_due_;  ///< of the hub, to the link or to a token
    bool token_wanted_ = true;
    std::uint64_t last_tag_ = 0;
    std::optional<Error> failure_;
};

}  // namespace restante::service
