#include "core/feedback/feedback_queue.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/manual_clock.hpp"

namespace restante::core {
namespace {

using namespace std::chrono_literals;

model::FeedbackRecord record(int number, const char* device = "d") {
    return {.device = *model::DeviceId::parse(device),
            .generation_id = "1",
            .original_message_id = fmt::to_string(number),
            .ended_at = {},
            .status = model::FeedbackStatus::success};
}

class FeedbackQueueTest : public testing::Test {
  protected:
    void append(int first, int count) {
        for (int i = 0; i < count; ++i) queue.append(record(first + i), clock.now(), changes);
    }
    std::vector<model::LockedMessage> receive() {
        return queue.receive(10, {1}, serial, clock.now(), changes);
    }
    /// The sizes of the batches made since this was last asked.
    std::vector<std::size_t> batches() {
        std::vector<std::size_t> sizes;
        for (const auto& change : changes) {
            if (const auto* put = std::get_if<PutFeedbackBatch>(&change)) {
                sizes.push_back(put->records->size());
            }
        }
        changes.clear();
        return sizes;
    }

    using Sizes = std::vector<std::size_t>;
    test::ManualClock clock;
    ChangeSet changes;
    std::uint64_t serial = 0;
    FeedbackQueue queue{FeedbackRules()};
};

TEST_F(FeedbackQueueTest, TheFirstRecordAfterASilenceLeavesAtOnceTheNextWaitFifteenSeconds) {
    append(1, 1);
    EXPECT_EQ(batches(), Sizes{1});
    append(2, 3);
    EXPECT_EQ(batches(), Sizes{});
    EXPECT_EQ(queue.next_due(), clock.now().steady + 15s);
    clock.advance(15s - 1ms);
    queue.advance(clock.now(), changes);
    EXPECT_EQ(batches(), Sizes{});
    clock.advance(1ms);
    queue.advance(clock.now(), changes);
    EXPECT_EQ(batches(), Sizes{3});
    EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST_F(FeedbackQueueTest, SixtyFourRecordsWaitForNothing) {
    append(1, 1 + 63);
    EXPECT_EQ(batches(), Sizes{1});
    append(65, 1);
    EXPECT_EQ(batches(), Sizes{64});
}

TEST_F(FeedbackQueueTest, ARecordIsInTheStoreAsItselfOrInItsBatchAndNeverInBoth) {
    append(1, 1);
    append(2, 1);
    std::vector<std::uint64_t> stored;
    for (const auto& change : changes) {
        if (const auto* put = std::get_if<PutFeedbackRecord>(&change)) {
            stored.push_back(put->index.value);
        } else if (const auto* gone = std::get_if<DeleteFeedbackRecord>(&change)) {
            std::erase(stored, gone->index.value);
        }
    }
    EXPECT_EQ(stored, std::vector<std::uint64_t>{2}) << "the first one is in a batch";
}

TEST_F(FeedbackQueueTest, ABatchIsLockedSettledAndReturnedLikeAMessage) {
    append(1, 1);
    EXPECT_TRUE(queue.take_available());
    EXPECT_FALSE(queue.take_available());
    auto locked = receive();
    ASSERT_EQ(locked.size(), 1u);
    EXPECT_TRUE(receive().empty());
    clock.advance(60s);
    queue.advance(clock.now(), changes);
    EXPECT_TRUE(queue.take_available());
    EXPECT_EQ(queue.complete(locked[0].token, clock.now(), changes).error().code,
              ErrorCode::device_message_lock_lost);
    locked = receive();
    queue.release({1});
    EXPECT_TRUE(queue.take_available());
    locked = receive();
    ASSERT_EQ(locked.size(), 1u);
    EXPECT_EQ(locked[0].queued.delivery_count, 0u) << "only an abandon counts";
    EXPECT_TRUE(queue.complete(locked[0].token, clock.now(), changes));
    EXPECT_TRUE(receive().empty());
}

TEST_F(FeedbackQueueTest, ABatchAbandonedTooOftenOrTooOldGoes) {
    append(1, 1);
    for (std::uint32_t i = 0; i < 10; ++i) {
        const auto locked = receive();
        ASSERT_EQ(locked.size(), 1u);
        EXPECT_EQ(locked[0].queued.delivery_count, i);
        ASSERT_TRUE(queue.abandon(locked[0].token, clock.now(), changes));
    }
    EXPECT_TRUE(receive().empty());
    clock.advance(15s);
    append(2, 1);
    EXPECT_EQ(queue.next_expiry(), clock.now().wall + 1h);
    clock.advance(1h);
    EXPECT_TRUE(receive().empty());
}

TEST_F(FeedbackQueueTest, ABatchThatItsReceiverRejectsGoesAtOnceAndItsTokenIsSpent) {
    append(1, 1);
    const auto token = receive().at(0).token;
    changes.clear();
    ASSERT_TRUE(queue.reject(token, clock.now(), changes));
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_TRUE(std::holds_alternative<DeleteFeedbackBatch>(changes[0]));
    EXPECT_TRUE(receive().empty());
    EXPECT_EQ(queue.reject(token, clock.now(), changes).error().code,
              ErrorCode::device_message_lock_lost);
}

TEST_F(FeedbackQueueTest, WhatADeletedDeviceLeftWaitingGoesWithIt) {
    append(1, 2);
    queue.append(record(3, "other"), clock.now(), changes);
    queue.forget(*model::DeviceId::parse("d"), changes);
    changes.clear();
    clock.advance(15s);
    queue.advance(clock.now(), changes);
    EXPECT_EQ(batches(), Sizes{1});
}

TEST_F(FeedbackQueueTest, WhatTheStoreHeldGoesOnAfterARestart) {
    queue.recover({.sequence = {7}, .expires_at = clock.now().wall + 1h});
    queue.recover(FeedbackIndex{41}, record(1));
    EXPECT_TRUE(queue.take_available());
    queue.advance(clock.now(), changes);
    const auto locked = receive();
    ASSERT_EQ(locked.size(), 2u);
    EXPECT_EQ(locked[0].token.sequence.value, 7u);
    EXPECT_EQ(locked[1].token.sequence.value, 8u);
}

TEST_F(FeedbackQueueTest, WithoutReceiversTheOldestGoAndAreCounted) {
    const int room = static_cast<int>(model::limits::feedback_batches_max);
    append(0, 1);
    for (int i = 1; i <= room; ++i) {
        append(i * 64, 64);
        changes.clear();
    }
    EXPECT_EQ(queue.dropped(), 1u);
    EXPECT_EQ(receive()[0].token.sequence.value, 2u);
}

}  // namespace
}  // namespace restante::core
