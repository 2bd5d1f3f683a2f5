#pragma once
// The link that sends messages to devices. Sends that come before it stands wait in order; the
// callers bound them, since each waits for its answer.

#include <deque>
#include <unordered_map>

#include "link_session.hpp"
#include "protocol/amqp/attach.hpp"

namespace restante::service {

class SendSession final : public LinkSession {
  public:
    using Answer = std::move_only_function<void(Result<void>)>;

    SendSession(const ServiceAccount& account, Ended ended)
        : LinkSession(account, amqp::sender_attach("devicebound-sender", "/messages/devicebound"),
                      std::move(ended)) {}

    /// Sends an encoded message; the answer comes once the hub decided, or the connection ended.
    void send(Bytes message, Answer answer);

  private:
    struct Waiting {
        Bytes message;
        Answer answer;
    };

    void on_ready() override;
    void on_disposition(amqp::DispositionReceived&& event) override;
    void on_ended(const Error& reason) override;

    std::deque<Waiting> waiting_;
    std::unordered_map<amqp::DeliveryId, Answer> sent_;
};

}  // namespace restante::service
