#include "sending.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace restante::device {
namespace {

using namespace std::chrono_literals;

class SendingTest : public testing::Test {
  protected:
    std::future<Outcome> add(std::string data) {
        Message message;
        message.data = std::move(data);
        std::promise<Outcome> sender;
        auto outcome = sender.get_future();
        sending.add(std::move(message), std::move(sender), now);
        return outcome;
    }
    /// What is handed out now, in order.
    std::string hand_out() {
        std::string all;
        while (const auto entry = sending.next()) all += entry->message.data;
        return all;
    }
    static bool answered(std::future<Outcome>& outcome) {
        return outcome.wait_for(0s) == std::future_status::ready;
    }

    Sending sending;
    SteadyTime now{};
};

TEST_F(SendingTest, EachIsHandedOutOnceAndInOrder) {
    auto a = add("a");
    auto b = add("b");
    EXPECT_EQ(hand_out(), "ab");
    EXPECT_EQ(hand_out(), "");
    EXPECT_FALSE(answered(a));
    sending.answer(2, std::nullopt);
    EXPECT_EQ(b.get(), std::nullopt);
    EXPECT_FALSE(answered(a));
}

TEST_F(SendingTest, WhatABrokenConnectionLeftUnacknowledgedIsSentAgain) {
    auto a = add("a");
    auto b = add("b");
    hand_out();
    sending.answer(1, std::nullopt);
    sending.rewind();
    auto c = add("c");
    EXPECT_EQ(hand_out(), "bc");
}

TEST_F(SendingTest, AHubThatAcknowledgesNothingGetsNoMoreThanItsShare) {
    std::vector<std::future<Outcome>> outcomes;
    for (std::size_t i = 0; i <= unacknowledged_max; ++i) outcomes.push_back(add("x"));
    EXPECT_EQ(hand_out().size(), unacknowledged_max);
    sending.answer(1, std::nullopt);
    EXPECT_EQ(hand_out().size(), 1U);
}

TEST_F(SendingTest, HoldsNoMoreThanItsBound) {
    std::vector<std::future<Outcome>> outcomes;
    while (!sending.full()) outcomes.push_back(add("x"));
    EXPECT_EQ(outcomes.size(), sending_held_max);
}

TEST_F(SendingTest, EachEndsByItsDeadlineSentOrNot) {
    auto sent = add("a");
    hand_out();
    now += 1s;
    auto waiting = add("b");
    EXPECT_EQ(sending.next_deadline(), SteadyTime{} + send_timeout);
    sending.advance(SteadyTime{} + send_timeout);
    EXPECT_EQ(sent.get()->kind, FailureKind::timeout);
    EXPECT_FALSE(answered(waiting));
    sending.advance(now + send_timeout);
    EXPECT_EQ(waiting.get()->kind, FailureKind::timeout);
    EXPECT_EQ(sending.next_deadline(), std::nullopt);
    sending.answer(1, std::nullopt);  // the hub's late word
}

TEST_F(SendingTest, AllMayFailAtOnce) {
    auto a = add("a");
    hand_out();
    auto b = add("b");
    sending.fail_all({FailureKind::cancelled, ""});
    EXPECT_EQ(a.get()->kind, FailureKind::cancelled);
    EXPECT_EQ(b.get()->kind, FailureKind::cancelled);
    EXPECT_TRUE(sending.empty());
}

}  // namespace
}  // namespace restante::device
