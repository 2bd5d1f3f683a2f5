#include "protocol/http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Target, SplitsBeforeItDecodes) {
    const auto target = Target::parse("/devices/a%2Fb%24/messages/devicebound?api-version=1");
    EXPECT_EQ(target.path, "/devices/a%2Fb%24/messages/devicebound");
    EXPECT_THAT(target.segments, ElementsAre("devices", "a/b$", "messages", "devicebound"));
    EXPECT_EQ(target.find_query("api-version"), "1");
}

TEST(Target, ForgivesOneSlashBeforeTheQuery) {
    EXPECT_THAT(Target::parse("/devices/?top=5").segments, ElementsAre("devices"));
    EXPECT_THAT(Target::parse("/devices?top=5").segments, ElementsAre("devices"));
    EXPECT_THAT(Target::parse("/devices//?top=5").segments, ElementsAre("devices", ""));
    EXPECT_THAT(Target::parse("//devices").segments, ElementsAre("", "devices"));
    EXPECT_THAT(Target::parse("/").segments, IsEmpty());
    EXPECT_THAT(Target::parse("").segments, IsEmpty());
}

TEST(Target, ReadsTheQueryInOrderAndByName) {
    const auto target = Target::parse("/x?a=1&b=&c&&a=2&d=%3D%26+e=f&iothub-MessageLockTimeout=60");
    EXPECT_THAT(target.query, ElementsAre(Target::QueryPair{"a", "1"}, Target::QueryPair{"b", ""},
                                          Target::QueryPair{"c", ""}, Target::QueryPair{"a", "2"},
                                          Target::QueryPair{"d", "=&+e=f"},
                                          Target::QueryPair{"iothub-MessageLockTimeout", "60"}));
    EXPECT_EQ(target.find_query("a"), "1");
    EXPECT_EQ(target.find_query("iothub-messagelocktimeout"), "60");
    EXPECT_EQ(target.find_query("c"), "");
    EXPECT_EQ(target.find_query("z"), std::nullopt);
}

}  // namespace
}  // namespace restante::http
