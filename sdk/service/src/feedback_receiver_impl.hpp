#pragma once
// What a feedback receiver keeps between its operations. For the SDK's own files.

#include <mutex>

#include "feedback_session.hpp"
#include "line.hpp"
#include "restante/service/feedback_receiver.hpp"

namespace restante {

struct FeedbackReceiver::Impl {
    explicit Impl(std::shared_ptr<service::ServiceAccount> shared) : account(std::move(shared)) {}
    ~Impl();

    /// A connection, and where its batches come out.
    struct Channel {
        std::shared_ptr<service::FeedbackInbox> inbox;
        std::shared_ptr<service::Line<service::FeedbackSession>> line;
    };
    /// The one there is, or a new one.
    std::shared_ptr<Channel> open();
    void forget(const std::shared_ptr<Channel>& old);
    std::optional<FeedbackBatch> receive(SteadyTime deadline);
    void settle(const FeedbackBatch& batch, service::FeedbackSession::Decision decision);

    std::shared_ptr<service::ServiceAccount> account;  // shared with the manager
    std::mutex mutex;                                  // guards `channel`
    std::shared_ptr<Channel> channel;                  // shared with the operations under way
};

}  // namespace restante
