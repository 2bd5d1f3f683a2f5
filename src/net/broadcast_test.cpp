#include "net/broadcast.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace restante::net {
namespace {

/// A connection that runs what is posted when the test says so.
class HeldMailbox final : public Mailbox {
  public:
    void post(Work work) override { posted.push_back(std::move(work)); }
    void close() override {}
    std::size_t run() {
        auto due = std::exchange(posted, {});
        for (auto& work : due) work();
        return due.size();
    }
    std::vector<Work> posted;
};

TEST(Broadcast, RunsTheWorkOfEverySubscriberOnItsConnection) {
    Broadcast broadcast;
    const auto first = std::make_shared<HeldMailbox>();
    const auto second = std::make_shared<HeldMailbox>();
    int heard = 0;
    const auto a = broadcast.subscribe(ConnectionHandle(first), [&] { heard += 1; });
    const auto b = broadcast.subscribe(ConnectionHandle(second), [&] { heard += 10; });
    broadcast.notify();
    EXPECT_EQ(heard, 0);
    EXPECT_EQ(first->run() + second->run(), 2u);
    EXPECT_EQ(heard, 11);
}

TEST(Broadcast, LeavesOutWhoseSubscriptionEnded) {
    Broadcast broadcast;
    const auto mailbox = std::make_shared<HeldMailbox>();
    std::optional<Broadcast::Subscription> kept =
        broadcast.subscribe(ConnectionHandle(mailbox), [] {});
    Broadcast::Subscription moved = std::move(*kept);
    kept.reset();
    broadcast.notify();
    EXPECT_EQ(mailbox->run(), 1u);
    moved = {};
    broadcast.notify();
    EXPECT_EQ(mailbox->run(), 0u);
}

}  // namespace
}  // namespace restante::net
