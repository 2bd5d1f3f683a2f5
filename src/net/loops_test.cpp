#include "net/loops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "net/loop.hpp"

namespace restante::net {
namespace {

TEST(Loops, GiveOutTheirLoopsInTurn) {
    Loops loops(3);
    ASSERT_EQ(loops.size(), 3u);
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(&loops.next(), &loops.at(i));
    }
}

TEST(Loops, HaveAtLeastOneLoop) {
    EXPECT_EQ(Loops(0).size(), 1u);
}

TEST(Loops, RunWorkInTheOrderItWasPosted) {
    Loops loops(1);
    std::vector<int> order;
    for (int i = 0; i < 100; ++i) {
        loops.at(0).post([&order, i] { order.push_back(i); });
    }
    EXPECT_TRUE(loops.at(0).run([] {}));
    ASSERT_EQ(order.size(), 100u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Loops, RunEverythingPostedBeforeStopAndNothingAfter) {
    Loops loops(2);
    int ran = 0;
    for (int i = 0; i < 100; ++i) {
        loops.at(0).post([&ran] { ++ran; });
    }
    loops.stop();
    EXPECT_EQ(ran, 100);
    const auto kept = std::make_shared<int>();
    EXPECT_FALSE(loops.at(0).post([kept] {}));
    EXPECT_FALSE(loops.at(0).run([&ran] { ++ran; }));
    EXPECT_EQ(kept.use_count(), 1);
    EXPECT_EQ(ran, 100);
    loops.stop();
}

}  // namespace
}  // namespace restante::net
