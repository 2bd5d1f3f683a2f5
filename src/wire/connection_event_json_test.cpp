#include "wire/connection_event_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::wire {
namespace {

using model::ConnectionChange;
using testing::HasSubstr;

model::ConnectionEvent event() {
    return {.number = 7,
            .at = WallTime{Milliseconds{90'000}},
            .device = *model::DeviceId::parse("d"),
            .protocol = "mqtt",
            .change = ConnectionChange::replaced,
            .peer = "192.0.2.7:40112",
            .connected_since = WallTime{Milliseconds{30'000}},
            .reason = "a newer connection"};
}

TEST(ConnectionEventJson, TellsAllThatIsKnownOfAnEvent) {
    const std::vector<model::ConnectionEvent> events{event()};
    EXPECT_EQ(
        connection_events_json(events),
        R"([{"number":7,"timeUtc":"1970-01-01T00:01:30.0000000Z","deviceId":"d","moduleId":null,)"
        R"("protocol":"mqtt","event":"replaced","peer":"192.0.2.7:40112",)"
        R"("connectedSinceUtc":"1970-01-01T00:00:30.0000000Z","reason":"a newer connection"}])");
    EXPECT_EQ(connection_events_json({}), "[]");
}

TEST(ConnectionEventJson, HasAWordForEachChange) {
    for (const auto& [change, word] : {std::pair{ConnectionChange::connected, "connected"},
                                       {ConnectionChange::disconnected, "disconnected"},
                                       {ConnectionChange::replaced, "replaced"},
                                       {ConnectionChange::ended, "ended"}}) {
        std::vector<model::ConnectionEvent> events{event()};
        events[0].change = change;
        EXPECT_THAT(connection_events_json(events),
                    HasSubstr(std::string(R"("event":")") + word + "\""));
    }
}

TEST(ConnectionEventJson, WhatAPeerChoseBecomesTextWhateverItWas) {
    std::vector<model::ConnectionEvent> events{event()};
    events[0].module = *model::ModuleId::parse("m");
    events[0].peer = "\"\xFF";
    EXPECT_THAT(connection_events_json(events), HasSubstr(R"("moduleId":"m")"));
    EXPECT_THAT(connection_events_json(events), HasSubstr(R"("peer":"\"?")"));
}

}  // namespace
}  // namespace restante::wire
