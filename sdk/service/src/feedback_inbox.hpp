#pragma once
// Between one feedback link and the threads that wait for its batches. The session, on its loop,
// puts in; each waiting thread takes one out. A batch nobody took in time stays for the next.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "restante/service/feedback_receiver.hpp"

namespace restante::service {

/// The link is no more.
struct FeedbackLinkEnd {
    Error reason;
    Milliseconds stood;  ///< how long the link had; 0: it never did
};

class FeedbackInbox {
  public:
    /// One of the three, or nothing when the time was up.
    struct Outcome {
        std::optional<Result<FeedbackBatch>> batch;
        std::optional<FeedbackLinkEnd> end;
        bool stood = false;  ///< the link has been there
    };
    /// `ask` tells the session that somebody waits. What is here counts before an end.
    Outcome wait(SteadyTime deadline, const std::function<void()>& ask);

    // the session's

    /// The link stands.
    void open();
    /// Whether more threads wait than there are batches.
    bool wanted() const;
    void put(Result<FeedbackBatch> batch, SteadyTime now);
    void end(FeedbackLinkEnd end);
    /// When the oldest batch came; nullopt when there is none.
    std::optional<SteadyTime> oldest() const;
    /// Takes out what came by `then`: the lock tokens.
    std::vector<std::string> take_older(SteadyTime then);

  private:
    struct Item {
        Result<FeedbackBatch> batch;
        SteadyTime came;
    };

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t waiting_ = 0;
    std::deque<Item> items_;  // no more than ever waited at once: each was asked for
    bool open_ = false;
    std::optional<FeedbackLinkEnd> end_;
};

}  // namespace restante::service
