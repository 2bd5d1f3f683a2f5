#include "wire/expiry_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/timestamp.hpp"

namespace restante::wire {
namespace {

const WallTime second = from_unix_milliseconds(1'795'442'706'000);  // 2026-11-23T14:05:06Z

TEST(ExpiryText, IsReadInEveryForm) {
    for (const auto text :
         {"2026-11-23T14:05:06Z", "2026-11-23T14:05:06", "2026-11-23T14:05:06.0000000Z",
          "2026-11-23T15:05:06+01:00", "Mon, 23 Nov 2026 14:05:06 GMT", "23 Nov 2026 14:05:06 GMT",
          "Mon, 23 nov 2026 14:05:06 UTC", "1795442706", "1795442706000"}) {
        const auto time = parse_expiry(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(*time, second) << text;
    }
    EXPECT_EQ(*parse_expiry("2026-11-23T14:05:06.123Z"), second + Milliseconds{123});
    EXPECT_EQ(*parse_expiry("1795442706123"), second + Milliseconds{123});
    EXPECT_EQ(to_iso8601(*parse_expiry("Sun, 1 Feb 2026 00:00:00 GMT")),
              "2026-02-01T00:00:00.0000000Z");
    EXPECT_EQ(unix_seconds(*parse_expiry("0")), 0);
}

TEST(ExpiryText, IsRefusedWhenItIsNoTime) {
    for (const auto text :
         {"", " ", "tomorrow", "-1", "1.5", "23 Nov 2026", "Mon, 32 Nov 2026 14:05:06 GMT",
          "Mon, 23 Foo 2026 14:05:06 GMT", "Mon, 23 Nov 2026 14:05:06 PST",
          "Mon, 23 Nov 2026 25:05:06 GMT", "Mon, 23 Nov 26 14:05:06 GMT", "2026-11-23",
          "Mon, 23 Nov 2026 14:05:06 GMT "}) {
        const auto time = parse_expiry(text);
        ASSERT_FALSE(time) << text;
        EXPECT_EQ(time.error().code, ErrorCode::argument_invalid) << text;
    }
    EXPECT_LT(parse_expiry(std::string(10'000, 'x')).error().message.size(), 200u);
}

TEST(ExpiryText, IsRefusedBeyondTheCalendar) {
    EXPECT_TRUE(parse_expiry("253402300799999"));
    for (const auto text : {"253402300800000", "999999999999999", "99999999999999999999999"}) {
        EXPECT_EQ(parse_expiry(text).error().code, ErrorCode::invalid_message_expiry_time) << text;
    }
}

}  // namespace
}  // namespace restante::wire
