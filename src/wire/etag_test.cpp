#include "wire/etag.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace restante::wire {
namespace {

TEST(Etag, IsTheBase64OfTheDecimalVersion) {
    EXPECT_EQ(etag_text(0), "MA==");
    EXPECT_EQ(etag_text(801232426), "ODAxMjMyNDI2");
    EXPECT_EQ(etag_text(791938671), "NzkxOTM4Njcx");
}

TEST(Etag, GivesItsVersionBack) {
    constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t version : {std::uint64_t{0}, std::uint64_t{957482805}, largest}) {
        EXPECT_EQ(etag_version(etag_text(version)), version);
    }
    // AAAAAAAAAAE= is a twin's tag, MDE= is "01", LTE= is "-1".
    for (const char* etag : {"", "*", "AAAAAAAAAAE=", "MDE=", "LTE=", "MQ", "MQ===="}) {
        EXPECT_EQ(etag_version(etag), std::nullopt) << etag;
    }
}

TEST(IfMatch, IsReadInEverySpelling) {
    for (const char* header : {"*", "\"*\"", " \"*\" ", "W/\"*\""}) {
        EXPECT_EQ(parse_if_match(header), (IfMatch{.any = true, .etag = {}})) << header;
    }
    for (const char* header : {"MQ==", "\"MQ==\"", "W/\"MQ==\"", "  MQ==\t"}) {
        EXPECT_EQ(parse_if_match(header), (IfMatch{.any = false, .etag = "MQ=="})) << header;
    }
}

TEST(IfMatch, OneTagIsNoList) {
    for (const char* header : {"\"MQ==\", \"Mg==\"", "MQ==,Mg==", "*,", "W/\"a,b\",c"}) {
        EXPECT_TRUE(is_list_of_tags(header)) << header;
    }
    for (const char* header : {"", "*", "MQ==", "\"a,b\"", "W/\"a,b\"", "\"a,"}) {
        EXPECT_FALSE(is_list_of_tags(header)) << header;
    }
}

TEST(IfMatch, MatchesItsVersionOnly) {
    EXPECT_TRUE(parse_if_match("*").matches(7));
    EXPECT_TRUE(parse_if_match("\"Nw==\"").matches(7));
    for (const char* header : {"\"Nw==\"", "", "\"", "\"\"", "W/"}) {
        EXPECT_FALSE(parse_if_match(header).matches(8)) << header;
    }
}

}  // namespace
}  // namespace restante::wire
