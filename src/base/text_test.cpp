#include "base/text.hpp"

#include <gtest/gtest.h>

namespace restante {
namespace {

TEST(Text, ComparesWithoutRegardToAsciiCase) {
    EXPECT_TRUE(iequals("deviceBound", "devicebound"));
    EXPECT_FALSE(iequals("devicebound", "deviceboun"));
    EXPECT_TRUE(istarts_with("AMQPS://host", "amqps://"));
    EXPECT_FALSE(istarts_with("amqp", "amqps"));
}

TEST(Text, SplitsIntoPartsEvenWhenEmpty) {
    EXPECT_EQ(split("a/b//c", '/'), (std::vector<std::string_view>{"a", "b", "", "c"}));
    EXPECT_EQ(split("", '/'), (std::vector<std::string_view>{""}));
}

TEST(Text, SuggestsTheNearestWordOnlyWhenItIsNear) {
    const std::vector<std::string> words{"mqtt-port", "amqp-port", "https-port", "hostname"};
    EXPECT_EQ(nearest("mqt-port", words), "mqtt-port");
    EXPECT_EQ(nearest("hostnam", words), "hostname");
    EXPECT_EQ(nearest("zzzzzzzz", words), std::nullopt);
}

TEST(Text, KnowsWellFormedUtf8) {
    EXPECT_TRUE(is_utf8("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9A\x80"));
    for (const char* bad :
         {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xFF"}) {
        EXPECT_FALSE(is_utf8(bad));
    }
}

}  // namespace
}  // namespace restante
