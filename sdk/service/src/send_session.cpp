#include "send_session.hpp"

#include <utility>

namespace restante::service {

void SendSession::send(Bytes message, Answer answer) {
    if (failure()) return answer(std::unexpected(*failure()));
    waiting_.push_back({.message = std::move(message), .answer = std::move(answer)});
    if (engine() != nullptr) on_ready();
}

void SendSession::on_ready() {
    while (!waiting_.empty() && engine() != nullptr && engine()->can_send(link())) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        const Bytes tag = next_tag();
        const auto sent = engine()->send(link(), {.tag = tag, .payload = next.message});
        if (!sent) {
            next.answer(std::unexpected(sent.error()));
            continue;
        }
        sent_.emplace(*sent, std::move(next.answer));
    }
}

void SendSession::on_disposition(amqp::DispositionReceived&& event) {
    const auto sent = sent_.find(event.id);
    if (sent == sent_.end() || engine() == nullptr) return;
    Answer answer = std::move(sent->second);
    sent_.erase(sent);
    if (!event.settled) engine()->settle_sent(event.link, event.id, amqp::Accepted{});
    if (event.state && std::holds_alternative<amqp::Accepted>(*event.state)) return answer({});
    const auto* rejected = event.state ? std::get_if<amqp::Rejected>(&*event.state) : nullptr;
    answer(std::unexpected(from_condition(rejected ? rejected->error : std::nullopt,
                                          "the hub did not take the message")));
}

void SendSession::on_ended(const Error& reason) {
    auto waiting = std::exchange(waiting_, {});
    auto sent = std::exchange(sent_, {});
    for (auto& entry : waiting) entry.answer(std::unexpected(reason));
    for (auto& [id, answer] : sent) answer(std::unexpected(reason));
}

}  // namespace restante::service
