#include "base/logger.hpp"

#include <gtest/gtest.h>

#include "support/manual_clock.hpp"

namespace restante {
namespace {

struct Lines final : LogSink {
    void write(std::string_view line) override { text += line; }
    std::string text;
};

TEST(Logger, WritesOneLineOfKeyValues) {
    Lines lines;
    const test::ManualClock clock;
    Logger(lines, clock).info("message_enqueued", {{"device", "d1"}, {"seq", 42}});
    EXPECT_EQ(lines.text,
              "2026-11-23T00:00:00.000Z level=info event=message_enqueued device=d1 seq=42\n");
}

TEST(Logger, LetsNoValueForgeAFieldOrALine) {
    Lines lines;
    const test::ManualClock clock;
    Logger(lines, clock).warning("refused", {{"device", "a b\nlevel=info \"x\""}, {"id", ""}});
    EXPECT_EQ(lines.text,
              "2026-11-23T00:00:00.000Z level=warning event=refused "
              "device=\"a b\\x0alevel=info \\\"x\\\"\" id=\"\"\n");
}

TEST(Logger, ShowsTheBeginningOfAValueThatAPeerMadeLong) {
    Lines lines;
    const test::ManualClock clock;
    const std::string begin(1023, 'x');
    Logger(lines, clock)
        .info("refused", {{"id", begin + "y"}, {"who", begin + "\u00e4 and so on"}});
    EXPECT_TRUE(lines.text.ends_with("id=" + begin + "y who=\"" + begin + "...\"\n"));
}

TEST(Logger, DropsWhatIsBelowItsLevel) {
    Lines lines;
    const test::ManualClock clock;
    Logger(lines, clock, LogLevel::warning).info("quiet");
    EXPECT_TRUE(lines.text.empty());
}

}  // namespace
}  // namespace restante
