#include "hub/serial_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace restante::hub {
namespace {

class SerialQueueTest : public testing::Test {
  protected:
    SerialQueue::Work say(char name) {
        return [this, name] { said += name; };
    }

    std::string said;
    int relieved = 0;
    SerialQueue queue{[this] { ++relieved; }};
};

TEST_F(SerialQueueTest, RunsNothingBeforeItMay) {
    queue.run(say('a'));
    EXPECT_EQ(said, "");
    queue.go_on();
    queue.run(say('b'));
    EXPECT_EQ(said, "ab");
}

TEST_F(SerialQueueTest, WhatAPieceBringsComesAfterIt) {
    queue.go_on();
    queue.run([this] {
        queue.run(say('b'));
        said += 'a';
    });
    EXPECT_EQ(said, "ab");
}

TEST_F(SerialQueueTest, NobodyWorksForOthersWithoutEnd) {
    constexpr std::size_t most = SerialQueue::turn_max;
    queue.go_on();
    queue.run([this] {
        for (std::size_t i = 0; i < 2 * most; ++i) queue.run(say('a'));
    });
    EXPECT_EQ(said, std::string(most - 1, 'a'));
    EXPECT_EQ(relieved, 1);
    queue.run(say('b'));
    EXPECT_EQ(said, std::string(most - 1, 'a')) << "another thread is at work";
    queue.go_on();
    queue.go_on();
    EXPECT_EQ(said, std::string(2 * most, 'a') + 'b');
}

TEST_F(SerialQueueTest, TheRestOfAPieceThatIsHandedOverComesNext) {
    queue.go_on();
    queue.run([this] {
        queue.run(say('c'));
        said += 'a';
        queue.hand_over(say('b'));
    });
    EXPECT_EQ(said, "a");
    EXPECT_EQ(relieved, 1);
    queue.go_on();
    EXPECT_EQ(said, "abc");
}

TEST_F(SerialQueueTest, NobodyIsWokenForNothing) {
    queue.go_on();
    queue.run([this] { queue.hand_over({}); });
    EXPECT_EQ(relieved, 0);
    queue.run(say('a'));
    EXPECT_EQ(said, "a");
}

TEST_F(SerialQueueTest, AClosedOneDropsWhatWaitsAndWhatComes) {
    auto held = std::make_shared<int>();
    queue.go_on();
    queue.run([this, held] {
        queue.run([held] {});
        queue.close();
    });
    queue.wait_until_closed();
    queue.run([held] {});
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(SerialQueueTest, TheCallerMayDecideWhen) {
    queue.run([this] { queue.run(say('a')); });
    EXPECT_EQ(queue.run_pending(), 2u);
    EXPECT_EQ(said, "a");
    EXPECT_EQ(queue.run_pending(), 0u);
}

TEST(SerialQueueThreadsTest, OnePieceAtATime) {
    constexpr int threads = 4;
    constexpr int pieces = 10'000;
    std::counting_semaphore<> relief{0};
    SerialQueue queue([&] { relief.release(); });
    std::atomic<bool> over = false;
    std::jthread reliever([&] {
        for (relief.acquire(); !over; relief.acquire()) queue.go_on();
    });
    queue.go_on();
    int done = 0;
    std::vector<std::jthread> workers;
    for (int n = 0; n < threads; ++n) {
        workers.emplace_back([&] {
            for (int i = 0; i < pieces; ++i) queue.run([&] { ++done; });
        });
    }
    workers.clear();
    // The last piece is the last of all, whoever is at work.
    queue.run([&] { queue.close(); });
    queue.wait_until_closed();
    EXPECT_EQ(done, threads * pieces);
    over = true;
    relief.release();
}

}  // namespace
}  // namespace restante::hub
