#pragma once
// What a feedback receiver keeps between its operations. For the SDK's own files.

#include <condition_variable>
#include <mutex>

#include "feedback_session.hpp"
#include "line.hpp"
#include "restante/service/feedback_receiver.hpp"

namespace restante {

struct FeedbackReceiver::Impl {
    explicit Impl(std::shared_ptr<service::ServiceAccount> shared) : account(std::move(shared)) {}
    ~Impl();

    /// Between attempts to connect, doubled after each.
    static constexpr Milliseconds pause_min = std::chrono::seconds{1};
    static constexpr Milliseconds pause_max = std::chrono::seconds{30};

    /// A connection, and where its batches come out.
    struct Channel {
        std::shared_ptr<service::FeedbackInbox> inbox;
        std::shared_ptr<service::Line<service::FeedbackSession>> line;
    };
    /// The one there is, or a new one once the pause after a failure is over. Throws that failure
    /// when the deadline comes first.
    std::shared_ptr<Channel> open(SteadyTime deadline);
    void note_end(const std::shared_ptr<Channel>& old, const service::FeedbackLinkEnd& end);
    void note_standing();
    std::optional<FeedbackBatch> receive(SteadyTime deadline);
    void settle(const FeedbackBatch& batch, service::FeedbackSession::Decision decision);

    std::shared_ptr<service::ServiceAccount> account;  // shared with the manager
    std::mutex mutex;                                  // guards what follows
    std::condition_variable opened;                    // by another thread
    std::shared_ptr<Channel> channel;                  // shared with the operations under way
    std::optional<Error> failure;  // why there is none, until there is one again
    SteadyTime retry_at{};
    Milliseconds pause = pause_min;
};

}  // namespace restante
