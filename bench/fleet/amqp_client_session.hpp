#pragma once
// An AMQP connection of the fleet, up to the token and beyond:
//
//     open ─▶ session ─▶ $cbs links ─▶ put-token ─▶ admitted() ─▶ what a subclass does
//                  └──────── no token ────────────────▲
//
// Owned by its connection, lives on the fleet's loop. Ends by leave(), by give_up(), or when the
// hub ends it; then tells `ended`, once.

#include <optional>
#include <string>

#include "net/session.hpp"
#include "protocol/amqp/connection.hpp"
#include "protocol/amqp/message.hpp"
#include "task.hpp"

namespace restante::fleet {

class AmqpClientSession : public net::Session {
  public:
    void start(net::ConnectionHandle handle, const net::Peer& peer, Now now) final;
    void receive(BytesView bytes, Now now) final;
    Bytes take_output() final { return engine_ ? engine_->take_output() : Bytes{}; }
    std::optional<SteadyTime> next_deadline() const final { return engine_->next_deadline(); }
    void advance(Now now) final;
    bool finished() const final { return engine_ && engine_->finished(); }
    void closed(const Error& reason) final;
    /// Why it gave up.
    const std::optional<Error>& fault() const { return fault_; }

  protected:
    struct Identity {
        std::string container;
        std::string host;
        std::string audience;
        std::optional<std::string> token;  ///< without one: SASL ANONYMOUS
    };
    AmqpClientSession(Identity identity, Ended ended)
        : identity_(std::move(identity)), ended_(std::move(ended)) {}

    /// Puts the token once more; admitted() answers.
    void put_token();
    amqp::LinkId attach_sender(const std::string& name, const std::string& target);
    amqp::LinkId attach_receiver(const std::string& name, const std::string& source);
    amqp::Connection& engine() { return *engine_; }
    bool has_credit(amqp::LinkId link) const { return engine_ && engine_->can_send(link); }

    /// Closes in good order, which is what the hub's answer makes it.
    void leave();
    void give_up(Error fault);

    virtual void admitted() = 0;
    virtual void on_attached(amqp::LinkId) {}
    virtual void on_credit(amqp::LinkId) {}
    virtual void on_delivery(amqp::Delivered&&) {}
    virtual void on_disposition(const amqp::DispositionReceived&) {}

  private:
    void handle_events();
    void on(amqp::Opened&& event);
    void on(amqp::Attached&& event);
    void on(amqp::CreditGranted&& event);
    void on(amqp::Delivered&& event);
    void on(amqp::DispositionReceived&& event) { on_disposition(event); }
    void on(amqp::Detached&& event);
    void on(amqp::Ended&& event);
    void on(amqp::Closed&& event);
    void on(amqp::Failed&& event);
    void on(amqp::Began&&) {}
    void on(amqp::SaslRequested&&) {}
    void on(amqp::AttachRequested&&) {}

    void token_answered(const amqp::Delivered& event);
    amqp::LinkId attach(amqp::Attach attach);
    void end_by(std::string_view what, const std::optional<amqp::ErrorCondition>& error);

    Identity identity_;
    Ended ended_;
    std::optional<amqp::Connection> engine_;
    amqp::SessionId session_{};
    std::optional<amqp::LinkId> cbs_sender_;
    std::optional<amqp::LinkId> cbs_receiver_;
    bool token_put_ = false;
    std::uint64_t last_request_ = 0;
    bool left_ = false;
    std::optional<Error> fault_;
};

}  // namespace restante::fleet
