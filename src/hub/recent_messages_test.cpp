#include "hub/recent_messages.hpp"

#include <gtest/gtest.h>

namespace restante::hub {
namespace {

RecentMessages::Message message(std::size_t bytes) {
    model::CloudToDeviceMessage made;
    made.body.resize(bytes);
    return std::make_shared<const model::CloudToDeviceMessage>(std::move(made));
}

class RecentMessagesTest : public testing::Test {
  protected:
    static constexpr std::size_t bytes_max = 100'000;
    const core::ReceiverId a{1};
    const core::ReceiverId b{2};
    RecentMessages recent{bytes_max};
};

TEST_F(RecentMessagesTest, GivesAMessageOnce) {
    const auto put = message(1);
    recent.put(a, {1}, put);
    EXPECT_EQ(recent.take(b, {1}), nullptr);
    EXPECT_EQ(recent.take(a, {2}), nullptr);
    EXPECT_EQ(recent.take(a, {1}), put);
    EXPECT_EQ(recent.take(a, {1}), nullptr);
}

TEST_F(RecentMessagesTest, TheOldestMakeRoom) {
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
        recent.put(a, {sequence}, message(40'000));
    }
    EXPECT_EQ(recent.take(a, {1}), nullptr);
    EXPECT_NE(recent.take(a, {2}), nullptr);
    EXPECT_NE(recent.take(a, {3}), nullptr);
}

TEST_F(RecentMessagesTest, WhatIsLargerThanAllIsNotKept) {
    recent.put(a, {1}, message(1));
    recent.put(a, {2}, message(bytes_max));
    EXPECT_EQ(recent.take(a, {2}), nullptr);
}

TEST_F(RecentMessagesTest, WhatIsTakenMakesRoom) {
    for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) {
        recent.put(a, {sequence}, message(60'000));
        EXPECT_NE(recent.take(a, {sequence}), nullptr) << sequence;
    }
}

}  // namespace
}  // namespace restante::hub
