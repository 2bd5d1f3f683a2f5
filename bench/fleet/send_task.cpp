#include "send_task.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sender_session.hpp"

namespace restante::fleet {

void SendTask::start() {
    sessions_ = std::min(options_.connections, options_.count);
    const std::size_t window = std::max<std::size_t>(1, options_.in_flight / sessions_);
    const std::size_t sessions = sessions_;
    for (std::size_t i = 1; i <= sessions; ++i) {
        const SenderSession::Share share{.first = i,
                                         .stride = sessions,
                                         .count = options_.count,
                                         .each = options_.each,
                                         .bytes = options_.bytes,
                                         .window = window};
        hub_.connect(HubClient::Port::amqp,
                     std::make_unique<SenderSession>(
                         hub_, share, tally_, [this](const auto& fault) { session_ended(fault); }));
    }
}

void SendTask::session_ended(const std::optional<Error>& fault) {
    if (fault) tally_.error(fmt::format("a sender's connection: {}", fault->message));
    if (--sessions_ > 0) return;
    const std::size_t wanted = options_.count * options_.each;
    const std::size_t accepted = tally_.counts["accepted"];
    if (accepted != wanted) {
        tally_.error(fmt::format("{} of {} messages were accepted", accepted, wanted));
    }
    finish();
}

}  // namespace restante::fleet
