#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include "base/uuid.hpp"

namespace restante {
namespace {

TEST(Base64, FollowsTheVectorsOfRfc4648) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
        const auto decoded = from_base64(encoded);
        ASSERT_TRUE(decoded) << encoded;
        EXPECT_EQ(as_text(*decoded), plain);
    }
}

TEST(Base64, RefusesWhatIsNotBase64) {
    for (const char* text : {"Zg", "Zg=", "Z===", "Zm9v!mFy", "Zm 9v", "====", "Zg==Zg=="}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
}

TEST(PercentEncoding, EscapesEverythingATopicOrAPathCouldMistake) {
    EXPECT_EQ(percent_encode("/devices/D-1 a+b&c=d#$~"), "%2Fdevices%2FD-1%20a%2Bb%26c%3Dd%23%24~");
    EXPECT_EQ(percent_encode("\xC3\xBC"), "%C3%BC");
}

TEST(PercentEncoding, DecodesOnlyWhatIsAnEscape) {
    EXPECT_EQ(percent_decode("a%2Fb%2fc+d"), "a/b/c+d");
    EXPECT_EQ(percent_decode("100%"), "100%");
    EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
    EXPECT_EQ(percent_decode("%41"), "A");
}

TEST(Hex, IsLowerCase) {
    EXPECT_EQ(to_hex(Bytes{0x00, 0xAB, 0xFF}), "00abff");
}

TEST(Uuid, HasTheByteOrderOfANetGuid) {
    const auto uuid = Uuid::parse("00112233-4455-6677-8899-aabbccddeeff");
    ASSERT_TRUE(uuid);
    const std::array<std::uint8_t, 16> expected{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                                0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    EXPECT_EQ(uuid->to_guid_bytes(), expected);
    EXPECT_EQ(Uuid::from_guid_bytes(expected), *uuid);
    EXPECT_EQ(uuid->to_string(), "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(Uuid, RandomOnesDifferAndSayTheirVersion) {
    const auto first = Uuid::random();
    EXPECT_NE(first, Uuid::random());
    EXPECT_EQ(first.to_string()[14], '4');
    EXPECT_FALSE(Uuid::parse("00112233-4455-6677-8899-aabbccddeef"));
    EXPECT_FALSE(Uuid::parse("00112233x4455-6677-8899-aabbccddeeff"));
}

}  // namespace
}  // namespace restante
