#include "base/timestamp.hpp"

#include <gtest/gtest.h>

namespace restante {
namespace {

using namespace std::chrono_literals;

TEST(Timestamp, IsWrittenWithSevenFractionDigits) {
    EXPECT_EQ(to_iso8601(from_unix_milliseconds(1595686465172)), "2020-07-25T14:14:25.1720000Z");
    EXPECT_EQ(to_iso8601_without_zone(from_unix_milliseconds(0)), "1970-01-01T00:00:00.0000000");
}

TEST(Timestamp, ReadsTheFormsClientsSend) {
    const auto expected = from_unix_milliseconds(1595686465172);
    for (const char* text : {"2020-07-25T14:14:25.1720000Z", "2020-07-25T14:14:25.172Z",
                             "2020-07-25T14:14:25.172", "2020-07-25 14:14:25.1729999Z",
                             "2020-07-25T16:14:25.172+02:00", "2020-07-25T09:44:25.172-04:30"}) {
        const auto time = parse_iso8601(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(*time, expected) << text;
    }
}

TEST(Timestamp, RefusesWhatIsNoTimeAndNamesIt) {
    for (const char* text : {"", "now", "2020-13-25T14:14:25Z", "2020-02-30T00:00:00Z",
                             "2020-07-25", "2020-07-25T24:00:00Z", "2020-07-25T14:14:25.Z",
                             "2020-07-25T14:14:25Zx", "2020-07-25T14:14:25+2:00"}) {
        const auto time = parse_iso8601(text);
        ASSERT_FALSE(time) << text;
        EXPECT_EQ(time.error().code, ErrorCode::argument_invalid);
        EXPECT_NE(time.error().message.find(text), std::string::npos);
    }
}

TEST(Duration, ReadsGeneralForms) {
    EXPECT_EQ(*parse_iso8601_duration("PT1H"), 1h);
    EXPECT_EQ(*parse_iso8601_duration("PT1H0M0S"), 1h);
    EXPECT_EQ(*parse_iso8601_duration("PT0H1M0S"), 1min);
    EXPECT_EQ(*parse_iso8601_duration("P2D"), 48h);
    EXPECT_EQ(*parse_iso8601_duration("P1DT30M"), 24h + 30min);
    EXPECT_EQ(*parse_iso8601_duration("PT1.5S"), 1500ms);
}

TEST(Duration, RefusesUnitsOutOfOrderOrWithoutFixedLength) {
    for (const char* text : {"", "P", "PT", "1H", "PT1", "P1M", "P1Y", "PT1S1H", "PT1.5H", "P1H",
                             "PT1H ", "PT9999999999S", "PT-1H"}) {
        EXPECT_FALSE(parse_iso8601_duration(text)) << text;
    }
}

TEST(Duration, IsWrittenInItsShortestForm) {
    EXPECT_EQ(to_iso8601_duration(1h), "PT1H");
    EXPECT_EQ(to_iso8601_duration(24h + 30min), "P1DT30M");
    EXPECT_EQ(to_iso8601_duration(0ms), "PT0S");
    EXPECT_EQ(to_iso8601_duration(1500ms), "PT1.500S");
}

}  // namespace
}  // namespace restante
