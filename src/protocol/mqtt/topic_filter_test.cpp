#include "protocol/mqtt/topic_filter.hpp"

#include <gtest/gtest.h>

namespace restante::mqtt {
namespace {

TEST(TopicFilter, ExactFilterMatchesOnlyItsTopic) {
    EXPECT_TRUE(matches("a/b", "a/b"));
    EXPECT_FALSE(matches("a/b", "a/c"));
    EXPECT_FALSE(matches("a/b", "a/b/c"));
    EXPECT_FALSE(matches("a/b/c", "a/b"));
    EXPECT_FALSE(matches("ACCOUNTS", "accounts"));
    EXPECT_FALSE(matches("/finance", "finance"));
}

// The examples of MQTT 4.7.1.2.
TEST(TopicFilter, HashMatchesTheParentAndEveryLevelBelow) {
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1"));
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
    EXPECT_TRUE(matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    EXPECT_TRUE(matches("sport/#", "sport"));
    EXPECT_TRUE(matches("#", "a/b/c"));
    EXPECT_FALSE(matches("sport/#", "sports"));
}

// The examples of MQTT 4.7.1.3.
TEST(TopicFilter, PlusMatchesOneLevelEvenAnEmptyOne) {
    EXPECT_TRUE(matches("sport/tennis/+", "sport/tennis/player1"));
    EXPECT_FALSE(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    EXPECT_FALSE(matches("sport/+", "sport"));
    EXPECT_TRUE(matches("sport/+", "sport/"));
    EXPECT_TRUE(matches("+/+", "/finance"));
    EXPECT_TRUE(matches("/+", "/finance"));
    EXPECT_FALSE(matches("+", "/finance"));
    EXPECT_TRUE(matches("+/tennis/#", "sport/tennis"));
}

// MQTT-4.7.2-1
TEST(TopicFilter, LeadingWildcardDoesNotMatchTopicsThatBeginWithDollar) {
    EXPECT_FALSE(matches("#", "$SYS/uptime"));
    EXPECT_FALSE(matches("+/monitor", "$SYS/monitor"));
    EXPECT_TRUE(matches("$SYS/#", "$SYS/uptime"));
    EXPECT_TRUE(matches("$iothub/methods/POST/#", "$iothub/methods/POST/reboot/?$rid=1"));
    EXPECT_TRUE(matches("a/#", "a/$b"));
}

TEST(TopicFilter, PlacementOfWildcardsIsChecked) {
    for (const auto* valid : {"#", "+", "a/#", "+/+/#", "/", "a//b", "/+", "sport/+/player1"}) {
        EXPECT_FALSE(topic_filter_fault(valid)) << valid;
    }
    for (const auto* invalid : {"", "a#", "a/#/b", "#/a", "##", "a+", "+a/b", "a/b+/c", "#/"}) {
        EXPECT_TRUE(topic_filter_fault(invalid)) << invalid;
    }
}

TEST(TopicFilter, TopicNameHasAtLeastOneCharacterAndNoWildcard) {
    EXPECT_FALSE(topic_name_fault("devices/d/messages/events/"));
    EXPECT_FALSE(topic_name_fault("/"));
    EXPECT_EQ(topic_name_fault(""), "is empty");
    EXPECT_EQ(topic_name_fault("a/+"), "contains a wildcard");
    EXPECT_EQ(topic_name_fault("a/b#"), "contains a wildcard");
}

}  // namespace
}  // namespace restante::mqtt
