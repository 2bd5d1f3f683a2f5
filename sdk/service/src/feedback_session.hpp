#pragma once
// The link that receives feedback. It settles second, so that a completion is the hub's word and a
// lost lock is heard of. Credit is given for one batch at a time, and only while somebody waits:
// what a lock is held on is meant to be worked on.
//
//     want() ─▶ credit 1 ─▶ batch ─▶ inbox ─▶ a waiting thread ─▶ settle() ─▶ the hub's answer
//                                      └─ not taken in time: released

#include <memory>
#include <unordered_map>
#include <vector>

#include "feedback_inbox.hpp"
#include "link_session.hpp"

namespace restante::service {

/// How long a batch waits for somebody to take it: half of the hub's usual lock, so that the other
/// half is there to settle it.
inline constexpr Milliseconds feedback_held_max = std::chrono::seconds{30};

/// Batches handed out and not settled. Beyond, the oldest goes back to the hub: its lock has ended
/// long ago where its taker forgot it.
inline constexpr std::size_t feedback_unsettled_max = 100;

class FeedbackSession final : public LinkSession {
  public:
    using Answer = std::move_only_function<void(Result<void>)>;

    FeedbackSession(const ServiceAccount& account, std::shared_ptr<FeedbackInbox> inbox,
                    Ended ended);

    /// Somebody waits at the inbox.
    void want();

    enum class Decision : std::uint8_t { complete, abandon };
    /// Errors: device_message_lock_lost (not this link's, or not any more), and what the hub says.
    void settle(const std::string& lock_token, Decision decision, Answer answer);

    std::optional<SteadyTime> next_deadline() const override;
    void advance(Now now) override;

  private:
    struct Unsettled {
        std::string lock_token;
        amqp::DeliveryId id;
    };

    void on_ready() override;
    void on_delivered(amqp::Delivered&& event) override;
    void on_disposition(amqp::DispositionReceived&& event) override;
    void on_ended(const Error& reason) override;
    void release(const std::string& lock_token);

    std::shared_ptr<FeedbackInbox> inbox_;  // shared with the receiver
    bool credit_out_ = false;
    std::vector<Unsettled> unsettled_;  // the oldest first
    std::unordered_map<amqp::DeliveryId, Answer> deciding_;
};

}  // namespace restante::service
