#include "wire/http_device_message.hpp"

#include <gmock/gmock.h>

#include "base/timestamp.hpp"
#include "wire/http_fields.hpp"
#include "wire/http_message.hpp"

namespace restante::wire {
namespace {

using http::Headers;
using testing::ElementsAre;
using testing::Pair;

const model::DeviceId device = *model::DeviceId::parse("d1");

Headers written_by_the_hub(model::CloudToDeviceMessage message) {
    return to_http(
        device,
        {.token = {.sequence = {1}, .serial = 7},
         .queued = {.sequence = {1},
                    .enqueued_at = from_unix_milliseconds(0),
                    .expires_at = from_unix_milliseconds(1'000)},
         .redelivered = false,
         .message = std::make_shared<const model::CloudToDeviceMessage>(std::move(message))});
}

TEST(HttpDeviceMessage, DeviceReadsWhatTheHubWrites) {
    model::CloudToDeviceMessage message;
    message.message_id = "m1";
    message.correlation_id = "c1";
    message.user_id = "u1";
    message.content_type = "text/plain";
    message.content_encoding = "utf-8";
    message.expiry_time = from_unix_milliseconds(1'795'442'706'123);
    message.ack = model::AckRequest::full;
    message.properties = {{"Key", "a value"}, {"grün", "50 % ü"}, {"key", "another"}};
    const auto read = devicebound_from_http(written_by_the_hub(message));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->message_id, "m1");
    EXPECT_EQ(read->correlation_id, "c1");
    EXPECT_EQ(read->user_id, "u1");
    EXPECT_EQ(read->to, "/devices/d1/messages/devicebound");
    EXPECT_EQ(read->content_type, "text/plain");
    EXPECT_EQ(read->content_encoding, "utf-8");
    EXPECT_EQ(read->expiry_time, to_iso8601(*message.expiry_time));
    EXPECT_EQ(read->ack, "full");
    EXPECT_THAT(read->properties, ElementsAre(Pair("Key", "a value"), Pair("grün", "50 % ü"),
                                              Pair("key", "another")));
}

TEST(HttpDeviceMessage, DeviceKeepsTextOfAnyFormAndTakesTheLastOfTwo) {
    const auto read = devicebound_from_http({{"IoTHub-Expiry", "12/09/2019 12:00:00 PM"},
                                             {"iothub-ack", "Sometimes"},
                                             {"iothub-messageid", ""},
                                             {"Content-Type", "application/octet-stream"},
                                             {"iothub-app-a", "1"},
                                             {"iothub-app-a", "2"}});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->expiry_time, "12/09/2019 12:00:00 PM");
    EXPECT_EQ(read->ack, "Sometimes");
    EXPECT_EQ(read->message_id, std::nullopt);
    EXPECT_EQ(read->content_type, std::nullopt);
    EXPECT_THAT(read->properties, ElementsAre(Pair("a", "2")));
}

TEST(HttpDeviceMessage, UnreadableEncodingIsRefused) {
    const auto read = devicebound_from_http(
        {{"iothub-app-a", "%FF"}, {std::string(percent_encoded_header), "iothub-app-a"}});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::argument_invalid);
}

TEST(HttpDeviceMessage, TelemetryIsWrittenInTheServicesNames) {
    const auto headers = telemetry_to_http({.message_id = "m1",
                                            .correlation_id = "c1",
                                            .content_type = "application/json",
                                            .content_encoding = "utf-8",
                                            .properties = {{"Key", "a value"}, {"ä", "ö"}}});
    EXPECT_EQ(headers, (Headers{{"iothub-messageid", "m1"},
                                {"iothub-correlationid", "c1"},
                                {"iothub-contenttype", "application/json"},
                                {"iothub-contentencoding", "utf-8"},
                                {"iothub-app-Key", "a value"},
                                {"iothub-app-%C3%A4", "%C3%B6"},
                                {"restante-percent-encoded", "iothub-app-%C3%A4"}}));
}

}  // namespace
}  // namespace restante::wire
