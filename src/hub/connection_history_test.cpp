#include "hub/connection_history.hpp"

#include <gtest/gtest.h>

#include "model/limits.hpp"

namespace restante::hub {
namespace {

model::ConnectionEvent event_of(std::string_view device) {
    return {.device = *model::DeviceId::parse(device),
            .module = std::nullopt,
            .protocol = "mqtt",
            .change = model::ConnectionChange::connected,
            .peer = {},
            .reason = {}};
}

TEST(ConnectionHistory, GivesTheLatestOfAllOrOfOneDeviceInTheirOrder) {
    ConnectionHistory history;
    for (const auto* device : {"a", "b", "a", "b", "a"}) history.add(event_of(device));
    const auto of_a = history.latest(model::DeviceId::parse("a").value(), 2);
    ASSERT_EQ(of_a.size(), 2u);
    EXPECT_EQ(of_a[0].number, 3u);
    EXPECT_EQ(of_a[1].number, 5u);
    EXPECT_EQ(history.latest(std::nullopt, 100).size(), 5u);
    EXPECT_TRUE(history.latest(model::DeviceId::parse("c").value(), 100).empty());
}

TEST(ConnectionHistory, ForgetsTheOldestBeyondItsBound) {
    ConnectionHistory history;
    constexpr std::size_t bound = model::limits::connection_events_max;
    for (std::size_t i = 0; i <= bound; ++i) history.add(event_of("a"));
    const auto kept = history.latest(std::nullopt, 2 * bound);
    ASSERT_EQ(kept.size(), bound);
    EXPECT_EQ(kept.front().number, 2u);
}

TEST(ConnectionHistory, KeepsOnlyTheBeginningOfWhatAPeerCallsItself) {
    ConnectionHistory history;
    auto event = event_of("a");
    event.peer.assign(60'000, 'p');
    event.reason.assign(60'000, 'r');
    history.add(std::move(event));
    const auto kept = history.latest(std::nullopt, 1).at(0);
    constexpr std::size_t bound = model::limits::connection_event_text_bytes_max;
    EXPECT_EQ(kept.peer, std::string(bound, 'p'));
    EXPECT_EQ(kept.reason, std::string(bound, 'r'));
}

}  // namespace
}  // namespace restante::hub
