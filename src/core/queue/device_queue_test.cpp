#include "core/queue/device_queue.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <sstream>

#include "support/manual_clock.hpp"

namespace restante::core {
namespace {

/// Runs a story, one command and its expected answer on each line:
///
///     enqueue [ttl=60]      -> seq | full
///     receive [n] [by=1]    -> the sequence numbers, '!' behind a redelivered one, or "nothing"
///     complete|late|abandon|reject SEQ -> ok | lost       with the latest token seen for SEQ
///     stale SEQ             -> ok | lost                  complete with the first token seen
///     release by            -> woken | quiet
///     advance SECONDS       -> woken | quiet              both clocks
///     wall SECONDS          -> woken | quiet              the wall clock alone, either direction
///     purge                 -> count
///     changes               -> what the store was told since the last question
///     ended                 -> what left the queue and how, since the last question
class Story {
  public:
    Story() : queue_(*model::DeviceId::parse("d")) { rules_.depth_max = 3; }

    void run(std::string_view text) {
        std::istringstream lines{std::string(text)};
        std::string line;
        while (std::getline(lines, line)) {
            const auto bar = line.find('|');
            if (bar == std::string::npos) continue;
            const std::string command = line.substr(0, bar);
            std::istringstream words(command);
            std::string expected = line.substr(bar + 1);
            expected.erase(0, expected.find_first_not_of(' '));
            EXPECT_EQ(answer(words), expected) << line;
        }
    }

    /// As after a restart: what the store had.
    void recover_numbers_below(std::uint64_t next) { queue_.recover(model::SequenceNumber{next}); }
    void recover_message(std::uint64_t number) {
        queue_.recover(model::QueuedMessage{.sequence = {number}, .expires_at = WallTime::max()});
    }

    QueueRules rules_;

  private:
    std::string answer(std::istringstream& words) {
        std::string verb;
        words >> verb;
        int number = 0;
        words >> number;
        if (verb == "enqueue") return enqueue(number);
        if (verb == "receive") return receive(number);
        if (verb == "complete")
            return settled(queue_.complete(tokens_[number], LateSettlement::refuse, context()));
        if (verb == "late")
            return settled(queue_.complete(tokens_[number], LateSettlement::accept, context()));
        if (verb == "stale")
            return settled(
                queue_.complete(first_tokens_[number], LateSettlement::accept, context()));
        if (verb == "abandon") {
            return settled(queue_.abandon(tokens_[number], context()));
        }
        if (verb == "reject") return settled(queue_.reject(tokens_[number], context()));
        if (verb == "release") {
            const ReceiverId receiver{static_cast<std::uint64_t>(number)};
            return woken(queue_.release(receiver, context()));
        }
        if (verb == "advance") {
            clock_.advance(std::chrono::seconds{number});
            return woken(queue_.advance(context()));
        }
        if (verb == "wall") {
            clock_.set_wall(clock_.now().wall + std::chrono::seconds{number});
            return woken(queue_.advance(context()));
        }
        if (verb == "purge") return fmt::to_string(queue_.purge(context()));
        if (verb == "changes") return told();
        if (verb == "ended") return ended();
        return "unknown command";
    }

    std::string enqueue(int ttl_seconds) {
        auto message = std::make_shared<model::CloudToDeviceMessage>();
        if (ttl_seconds != 0) {
            message->expiry_time = clock_.now().wall + std::chrono::seconds{ttl_seconds};
        }
        const auto sequence = queue_.enqueue(message, context());
        return sequence ? fmt::to_string(sequence->value) : "full";
    }

    std::string receive(int receiver) {
        std::string text;
        const ReceiverId by{static_cast<std::uint64_t>(receiver)};
        const ReceiveOrder order{.max = 10, .receiver = by, .lock_duration = rules_.lock_duration};
        for (const auto& m : queue_.receive(order, serial_, context())) {
            const int sequence = static_cast<int>(m.token.sequence.value);
            first_tokens_.try_emplace(sequence, m.token);
            tokens_[sequence] = m.token;
            text +=
                fmt::format("{}{}{}", text.empty() ? "" : " ", sequence, m.redelivered ? "!" : "");
        }
        return text.empty() ? "nothing" : text;
    }

    std::string told() {
        std::string text;
        for (const auto& change : changes_) {
            if (!text.empty()) text += ' ';
            if (const auto* put = std::get_if<PutMessage>(&change)) {
                text += fmt::format("put:{}", put->queued.sequence.value);
            } else if (const auto* update = std::get_if<UpdateMessage>(&change)) {
                text += fmt::format("update:{}:count={}", update->queued.sequence.value,
                                    update->queued.delivery_count);
            } else if (const auto* gone = std::get_if<DeleteMessage>(&change)) {
                text += fmt::format("delete:{}", gone->sequence.value);
            } else if (const auto* next = std::get_if<PutNextSequence>(&change)) {
                text += fmt::format("next:{}", next->next.value);
            }
        }
        changes_.clear();
        return text.empty() ? "nothing" : text;
    }

    std::string ended() {
        constexpr std::array words{"success", "expired", "count", "rejected", "purged"};
        std::string text;
        for (const auto& message : ended_) {
            text += fmt::format("{}{}:{}", text.empty() ? "" : " ", message.queued.sequence.value,
                                words.at(static_cast<std::size_t>(message.status)));
        }
        ended_.clear();
        return text.empty() ? "nothing" : text;
    }

    QueueContext context() {
        return {.rules = rules_, .now = clock_.now(), .changes = changes_, .ended = ended_};
    }

    static std::string settled(const Result<void>& result) { return result ? "ok" : "lost"; }
    static std::string woken(bool returned) { return returned ? "woken" : "quiet"; }

    DeviceQueue queue_;
    test::ManualClock clock_;
    ChangeSet changes_;
    EndedMessages ended_;
    std::uint64_t serial_ = 0;
    std::map<int, model::LockToken> tokens_;
    std::map<int, model::LockToken> first_tokens_;
};

TEST(DeviceQueue, HandsOutInOrderAndForgetsWhatIsCompleted) {
    Story().run(R"(
        enqueue    | 1
        enqueue    | 2
        changes    | put:1 put:2
        receive    | 1 2
        receive    | nothing
        complete 2 | ok
        complete 1 | ok
        complete 1 | lost
        changes    | delete:2 next:103 delete:1
        enqueue    | 3
    )");
}

TEST(DeviceQueue, NoNumberComesASecondTimeAfterARestart) {
    Story earlier;
    earlier.run(R"(
        enqueue    | 1
        enqueue    | 2
        receive    | 1 2
        complete 2 | ok
        changes    | put:1 put:2 delete:2 next:103
    )");
    Story later;
    later.recover_numbers_below(103);
    later.recover_message(1);
    later.run(R"(
        enqueue      | 103
        receive      | 1 103
        complete 1   | ok
        changes      | put:103 delete:1 next:204
        complete 103 | ok
        changes      | delete:103
    )");
}

TEST(DeviceQueue, ADamagedMessagesNumberTakesNoneBack) {
    Story story;
    story.recover_numbers_below(103);
    story.recover_numbers_below(51);  // the damaged one was 50
    story.recover_message(60);
    story.run(R"(
        enqueue     | 103
        receive     | 60 103
        complete 60 | ok
        changes     | put:103 delete:60 next:204
    )");
}

TEST(DeviceQueue, RefusesBeyondItsDepthCountingLockedMessages) {
    Story().run(R"(
        enqueue    | 1
        enqueue    | 2
        receive    | 1 2
        enqueue    | 3
        enqueue    | full
        complete 1 | ok
        enqueue    | 4
    )");
}

TEST(DeviceQueue, CountsOnlyAbandonsAndDeadLettersAtTheMaximum) {
    Story story;
    story.rules_.delivery_count_max = 2;
    story.run(R"(
        enqueue    | 1
        receive    | 1
        advance 60 | woken
        changes    | put:1
        receive    | 1!
        abandon 1  | ok
        changes    | update:1:count=1
        receive    | 1!
        abandon 1  | ok
        changes    | delete:1 next:102
        ended      | 1:count
        receive    | nothing
    )");
}

TEST(DeviceQueue, EndsALockAfterItsTimeAndNotBefore) {
    Story().run(R"(
        enqueue    | 1
        receive    | 1
        advance 59 | quiet
        receive    | nothing
        advance 1  | woken
        complete 1 | lost
        late 1     | ok
    )");
}

TEST(DeviceQueue, TakesALateCompletionOnlyWhileNobodyElseHoldsTheMessage) {
    Story().run(R"(
        enqueue    | 1
        receive 1  | 1
        advance 60 | woken
        receive 2  | 1!
        stale 1    | lost
        complete 1 | ok
    )");
}

TEST(DeviceQueue, ReturnedMessagesComeFirst) {
    Story().run(R"(
        enqueue    | 1
        enqueue    | 2
        receive 7  | 1 2
        enqueue    | 3
        release 8  | quiet
        release 7  | woken
        receive    | 1! 2! 3
    )");
}

TEST(DeviceQueue, ExpiresWhatWaitsAndSparesWhatIsHeld) {
    Story().run(R"(
        enqueue 10 | 1
        enqueue 20 | 2
        advance 10 | quiet
        changes    | put:1 put:2 delete:1 next:103
        receive    | 2
        advance 10 | quiet
        complete 2 | ok
        changes    | delete:2
    )");
}

TEST(DeviceQueue, DeadLettersWhatExpiredWhileHeldWhenTheLockEnds) {
    Story().run(R"(
        enqueue 10 | 1
        receive    | 1
        advance 30 | quiet
        changes    | put:1
        advance 30 | quiet
        changes    | delete:1 next:102
        ended      | 1:expired
    )");
}

TEST(DeviceQueue, DeadLettersWhatExpiredWhileHeldWhenItIsAbandoned) {
    Story().run(R"(
        enqueue 10 | 1
        receive    | 1
        advance 11 | quiet
        abandon 1  | ok
        ended      | 1:expired
        receive    | nothing
    )");
}

TEST(DeviceQueue, APastExpiryIsAcceptedAndNeverDelivered) {
    Story().run(R"(
        enqueue -5 | 1
        receive    | nothing
        changes    | put:1 delete:1 next:102
    )");
}

TEST(DeviceQueue, LocksIgnoreAWallClockThatJumps) {
    Story().run(R"(
        enqueue      | 1
        receive      | 1
        wall -3600   | quiet
        advance 59   | quiet
        advance 1    | woken
        receive      | 1!
        wall 176400  | quiet
        complete 1   | ok
        ended        | 1:success
    )");
}

TEST(DeviceQueue, PurgeTakesLockedMessagesToo) {
    Story().run(R"(
        enqueue    | 1
        receive    | 1
        enqueue    | 2
        purge      | 2
        ended      | 1:purged 2:purged
        complete 1 | lost
        enqueue    | 3
    )");
}

TEST(DeviceQueue, RejectEndsAMessage) {
    Story().run(R"(
        enqueue    | 1
        receive    | 1
        reject 1   | ok
        ended      | 1:rejected
        receive    | nothing
        changes    | put:1 delete:1 next:102
    )");
}

TEST(DeviceQueue, ContinuesItsSequenceAfterRecovery) {
    DeviceQueue queue(*model::DeviceId::parse("d"));
    queue.recover(model::SequenceNumber{7});
    const test::ManualClock clock;
    const QueueRules rules;
    ChangeSet changes;
    EndedMessages ended;
    const auto sequence =
        queue.enqueue(std::make_shared<model::CloudToDeviceMessage>(),
                      {.rules = rules, .now = clock.now(), .changes = changes, .ended = ended});
    EXPECT_EQ(sequence->value, 7u);
}

}  // namespace
}  // namespace restante::core
