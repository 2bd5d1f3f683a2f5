#include <gtest/gtest.h>

#include "base/timestamp.hpp"
#include "model/cloud_to_device_message.hpp"
#include "model/device_id.hpp"
#include "model/limits.hpp"
#include "model/queued_message.hpp"

namespace restante::model {
namespace {

TEST(DeviceId, AcceptsTheWiderSet) {
    for (const char* id : {"Device-1", "a", "-:.+%_#*?!(),=@;$'", "$x"}) {
        EXPECT_TRUE(DeviceId::parse(id)) << id;
    }
    EXPECT_TRUE(DeviceId::parse(std::string(128, 'x')));
}

TEST(DeviceId, RefusesAndSaysWhy) {
    EXPECT_FALSE(DeviceId::parse(""));
    EXPECT_FALSE(DeviceId::parse(std::string(129, 'x')));
    const auto slash = DeviceId::parse("a/b");
    ASSERT_FALSE(slash);
    EXPECT_NE(slash.error().message.find("'/'"), std::string::npos);
    const auto nul = DeviceId::parse(std::string_view("a\0b", 3));
    ASSERT_FALSE(nul);
    EXPECT_NE(nul.error().message.find("0x00"), std::string::npos);
    EXPECT_FALSE(DeviceId::parse("gr\xC3\xBCn"));
    EXPECT_FALSE(DeviceId::parse("a b"));
}

TEST(CloudToDeviceMessage, CountsBodyValuesAndPropertyNames) {
    CloudToDeviceMessage message;
    message.body = to_bytes("12345");
    message.message_id = "abc";
    message.properties = {{"k", "vw"}};
    EXPECT_EQ(size_bytes(message), 5u + 3u + 3u);
}

TEST(CloudToDeviceMessage, IsRefusedFromOneByteBeyondTheLimit) {
    CloudToDeviceMessage message;
    message.body.resize(limits::message_bytes_max);
    EXPECT_TRUE(check(message, WallTime{}));
    message.body.push_back(0);
    EXPECT_EQ(check(message, WallTime{}).error().code, ErrorCode::message_too_large);
}

TEST(CloudToDeviceMessage, ExpiresAtMostTwoDaysAhead) {
    CloudToDeviceMessage message;
    const WallTime now = from_unix_milliseconds(1'000'000);
    message.expiry_time = now + limits::ttl_max;
    EXPECT_TRUE(check(message, now));
    message.expiry_time = now + limits::ttl_max + Milliseconds{1};
    EXPECT_EQ(check(message, now).error().code, ErrorCode::invalid_message_expiry_time);
    message.expiry_time = now - Milliseconds{1};
    EXPECT_TRUE(check(message, now)) << "a past expiry is accepted and expires at once";
}

TEST(CloudToDeviceMessage, HasIdsOfAtMost128Characters) {
    const WallTime now = from_unix_milliseconds(0);
    for (const auto id :
         {&CloudToDeviceMessage::message_id, &CloudToDeviceMessage::correlation_id}) {
        CloudToDeviceMessage message;
        message.*id = std::string(limits::message_id_characters_max, 'i');
        EXPECT_TRUE(check(message, now));
        *(message.*id) += 'i';
        EXPECT_EQ(check(message, now).error().code, ErrorCode::argument_invalid);
    }
}

TEST(LockToken, SurvivesItsFormAsAGuid) {
    const LockToken token{.sequence = {0x1122334455667788}, .serial = 0x99aabbccddeeff00};
    EXPECT_EQ(token.to_uuid().to_string(), "11223344-5566-7788-99aa-bbccddeeff00");
    EXPECT_EQ(LockToken::from_uuid(token.to_uuid()), token);
}

}  // namespace
}  // namespace restante::model
