#include "wire/http_message.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "protocol/http/head.hpp"
#include "wire/topic.hpp"

namespace restante::wire {
namespace {

using http::Header;
using http::Headers;
using model::CloudToDeviceMessage;
using Property = std::pair<std::string, std::string>;
using testing::ElementsAre;
using testing::HasSubstr;

model::DeviceId device() {
    return *model::DeviceId::parse("d1");
}

CloudToDeviceMessage full_message() {
    CloudToDeviceMessage message;
    message.message_id = "m1";
    message.correlation_id = "c1";
    message.user_id = "u1";
    message.to = "/devices/d1/messages/deviceBound";
    message.content_type = "text/plain; charset=utf-8";
    message.content_encoding = "utf-8";
    message.expiry_time = from_unix_milliseconds(1'795'442'706'123);
    message.ack = model::AckRequest::full;
    message.properties = {{"Key", "a value"}, {"empty", ""}};
    message.body = to_bytes("body");
    return message;
}

model::LockedMessage locked(CloudToDeviceMessage message) {
    return {.token = {.sequence = {0x11223344}, .serial = 7},
            .queued = {.sequence = {42},
                       .enqueued_at = from_unix_milliseconds(1'795'442'700'000),
                       .expires_at = from_unix_milliseconds(1'795'446'300'000),
                       .delivery_count = 3},
            .redelivered = false,
            .message = std::make_shared<const CloudToDeviceMessage>(std::move(message))};
}

std::vector<std::string> lines(const Headers& headers) {
    std::vector<std::string> text;
    for (const Header& header : headers) text.push_back(header.name + ": " + header.value);
    return text;
}

Headers write_properties(std::vector<Property> properties) {
    CloudToDeviceMessage message;
    message.properties = std::move(properties);
    return to_http(message);
}

Result<CloudToDeviceMessage> read(const Headers& headers) {
    return from_http(device(), headers, {});
}

/// The fields as a peer gets them: through the serializer's rules and the parser.
Headers over_the_wire(const Headers& headers) {
    Headers received;
    for (const Header& header : headers) {
        EXPECT_TRUE(http::is_token(header.name)) << header.name;
        EXPECT_TRUE(std::ranges::all_of(header.value, [](char c) { return c >= ' ' && c <= '~'; }))
            << header.name;
        const auto parsed = http::parse_header_line(header.name + ": " + header.value);
        EXPECT_TRUE(parsed);
        if (parsed) received.add(parsed->name, parsed->value);
    }
    return received;
}

void expect_round_trip(const CloudToDeviceMessage& message) {
    const auto again = from_http(device(), over_the_wire(to_http(message)), message.body);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, message);
}

TEST(HttpMessage, GivesADeviceTheFieldsInTheSpellingItLooksFor) {
    EXPECT_THAT(
        lines(to_http(device(), locked(full_message()))),
        ElementsAre("ETag: \"00000000-1122-3344-0000-000000000007\"", "iothub-sequencenumber: 42",
                    "iothub-enqueuedtime: 2026-11-23T14:05:00.0000000Z", "iothub-deliverycount: 3",
                    "iothub-messageid: m1", "iothub-correlationid: c1",
                    "iothub-to: /devices/d1/messages/deviceBound", "iothub-userid: u1",
                    "ContentType: text/plain; charset=utf-8", "ContentEncoding: utf-8",
                    "iothub-ack: full", "iothub-expiry: 2026-11-23T14:05:06.1230000Z",
                    "iothub-app-Key: a value", "iothub-app-empty: "));
}

TEST(HttpMessage, AlwaysSaysWhomItIsFor) {
    const auto headers = to_http(device(), locked({}));
    EXPECT_EQ(headers.find("iothub-to"), "/devices/d1/messages/devicebound");
    EXPECT_EQ(headers.size(), 5u) << "what the sender did not set is absent";
}

TEST(HttpMessage, CountsDeliveriesInOneByte) {
    auto many = locked({});
    many.queued.delivery_count = 1000;
    EXPECT_EQ(to_http(device(), many).find("iothub-deliverycount"), "255");
}

TEST(HttpMessage, LeavesOutNamesTheJavaClientThrowsOn) {
    CloudToDeviceMessage message;
    message.properties = {{"iothub-operation", "x"}, {"k", "v"}};
    const auto headers = to_http(device(), locked(message));
    EXPECT_EQ(headers.find("iothub-app-iothub-operation"), std::nullopt);
    EXPECT_EQ(headers.find("iothub-app-k"), "v");
}

TEST(HttpMessage, WritesWhatAFieldCanHoldAsItIs) {
    EXPECT_THAT(
        lines(write_properties({{"url", "https://x.example/a?sig=b%2Fc%3D&n=50%"},
                                {"Prop-1_.!#$&'*+^`|~%", "a  \"b\";,=: c"},
                                {"50%", "100 %"}})),
        ElementsAre("iothub-app-url: https://x.example/a?sig=b%2Fc%3D&n=50%",
                    "iothub-app-Prop-1_.!#$&'*+^`|~%: a  \"b\";,=: c", "iothub-app-50%: 100 %"));
}

TEST(HttpMessage, EncodesWhatAFieldCannotHoldAndSaysSo) {
    EXPECT_THAT(
        lines(write_properties({{"greeting", "gr\xC3\xBC\xC3\x9F 100%"}, {"plain", "%41"}})),
        ElementsAre("iothub-app-greeting: gr%C3%BC%C3%9F 100%25", "iothub-app-plain: %41",
                    "restante-percent-encoded: iothub-app-greeting"));
    EXPECT_THAT(
        lines(write_properties({{"a b", "x"}, {"\xC3\xBC", "y"}, {"k:", "%"}, {"%41", ""}})),
        ElementsAre("iothub-app-a%20b: x", "iothub-app-%C3%BC: y", "iothub-app-k%3A: %25",
                    "iothub-app-%2541: ",
                    "restante-percent-encoded: iothub-app-a%20b, iothub-app-%C3%BC, "
                    "iothub-app-k%3A, iothub-app-%2541"));
    EXPECT_THAT(lines(write_properties({{"s", " x "}, {"t", "x\ty"}, {"b", " "}})),
                ElementsAre("iothub-app-s: %20x%20", "iothub-app-t: x%09y", "iothub-app-b: %20",
                            "restante-percent-encoded: iothub-app-s, iothub-app-t, iothub-app-b"));
    CloudToDeviceMessage message;
    message.content_type = "t\xC3\xA9xt";
    message.message_id = "\xE2\x82\xAC";
    EXPECT_THAT(lines(to_http(message)),
                ElementsAre("iothub-messageid: %E2%82%AC", "ContentType: t%C3%A9xt",
                            "restante-percent-encoded: iothub-messageid, ContentType"));
}

TEST(HttpMessage, LetsNobodyStartAHeaderOfTheirOwn) {
    EXPECT_THAT(lines(write_properties({{"k", "v\r\nSet-Cookie: x"}, {"n\r\nX: y\r\n\r\n", "v"}})),
                ElementsAre("iothub-app-k: v%0D%0ASet-Cookie: x",
                            "iothub-app-n%0D%0AX%3A%20y%0D%0A%0D%0A: v",
                            "restante-percent-encoded: iothub-app-k, "
                            "iothub-app-n%0D%0AX%3A%20y%0D%0A%0D%0A"));
}

TEST(HttpMessage, KeepsNamesApartThatDifferInCaseOnly) {
    EXPECT_THAT(
        lines(write_properties({{"Key", "1"}, {"key", "2"}, {"KEY", "3"}})),
        ElementsAre("iothub-app-Key: 1", "iothub-app-%6B%65%79: 2", "iothub-app-%4B%45%59: 3",
                    "restante-percent-encoded: iothub-app-%6B%65%79, "
                    "iothub-app-%4B%45%59"));
}

TEST(HttpMessage, ComesOutAsItWentIn) {
    expect_round_trip({});
    expect_round_trip(full_message());
    CloudToDeviceMessage message;
    message.message_id = "\xF0\x9F\x9A\x80 %41";
    message.user_id = " ";
    message.to = "/devices/\xC3\xBC/messages/devicebound";
    message.properties = {{"a", "1"},
                          {"A", "2"},
                          {"%41", "3"},
                          {"%61", "%61"},
                          {"gr\xC3\xBCN", "\xC3\xBC"},
                          {"GR\xC3\xBCN", "%C3%BC"},
                          {"restante-percent-encoded", "iothub-app-a, iothub-app-A"},
                          {",", ", "},
                          {"nul", std::string("\0x", 2)},
                          {"lines", "a\r\nb\n"},
                          {"ETag", "\"x\""}};
    message.body = {0, 0xFF, '\r', '\n'};
    expect_round_trip(message);
}

TEST(HttpMessage, IsReadWhateverTheCaseOfItsFields) {
    const auto message = read({{"IoTHub-MessageId", "m"},
                               {"IOTHUB-CORRELATIONID", "c"},
                               {"iothub-UserId", "u"},
                               {"IoTHub-To", "t"},
                               {"contenttype", "ct"},
                               {"contentencoding", "ce"},
                               {"IoTHub-Ack", "Positive"},
                               {"IoTHub-Expiry", "Mon, 23 Nov 2026 14:05:06 GMT"},
                               {"IoTHub-App-Name", "v"},
                               {"Content-Type", "application/x-www-form-urlencoded"},
                               {"Content-Encoding", "gzip"},
                               {"Authorization", "secret"},
                               {"iothub-unknown", "x"}});
    ASSERT_TRUE(message);
    CloudToDeviceMessage expected;
    expected.message_id = "m";
    expected.correlation_id = "c";
    expected.user_id = "u";
    expected.to = "t";
    expected.content_type = "ct";
    expected.content_encoding = "ce";
    expected.ack = model::AckRequest::positive;
    expected.expiry_time = from_unix_milliseconds(1'795'442'706'000);
    expected.properties = {{"Name", "v"}};
    EXPECT_EQ(*message, expected);
}

TEST(HttpMessage, TakesTheSdksNamesForContentToo) {
    const auto message = read({{"iothub-contenttype", "ct"}, {"iothub-contentencoding", "ce"}});
    ASSERT_TRUE(message);
    EXPECT_EQ(message->content_type, "ct");
    EXPECT_EQ(message->content_encoding, "ce");
}

TEST(HttpMessage, TakesRawBytesForUtf8OrElseLatin1) {
    const auto message =
        read({{"iothub-app-utf8", "gr\xC3\xBCn"}, {"iothub-app-latin1", "gr\xFCn"}});
    ASSERT_TRUE(message);
    EXPECT_THAT(message->properties,
                ElementsAre(Property{"utf8", "gr\xC3\xBCn"}, Property{"latin1", "gr\xC3\xBCn"}));
}

TEST(HttpMessage, HasNoSystemPropertyOfAnEmptyField) {
    const auto message = read({{"iothub-messageid", ""},
                               {"iothub-expiry", ""},
                               {"iothub-ack", ""},
                               {"iothub-to", ""},
                               {"ContentType", ""},
                               {"iothub-app-k", ""}});
    ASSERT_TRUE(message);
    CloudToDeviceMessage expected;
    expected.properties = {{"k", ""}};
    EXPECT_EQ(*message, expected);
}

TEST(HttpMessage, IsRefusedWhenItsPropertiesMakeNoSense) {
    const std::vector<std::pair<Headers, std::string>> cases{
        {{{"iothub-app-", "v"}}, "must have a name"},
        {{{"iothub-app-k", "1"}, {"iothub-app-k", "2"}}, "'k' is given twice"},
        {{{"iothub-messageid", "1"}, {"IOTHUB-MESSAGEID", "2"}}, "is given twice"},
        {{{"ContentType", "1"}, {"iothub-contenttype", "2"}}, "is given twice"},
        {{{"iothub-expiry", "1"}, {"iothub-expiry", "1"}}, "is given twice"},
        {{{"iothub-ack", "full"}, {"iothub-app-iothub-ack", "none"}}, "is given twice"},
        {{{"iothub-ack", "maybe"}}, "must be none, positive, negative or full"},
        {{{"iothub-expiry", "tomorrow"}}, "'tomorrow' is none"},
        {{{"iothub-app-k", "%FF"}, {"Restante-Percent-Encoded", "iothub-app-k"}},
         "must be encoded UTF-8"},
        {{{"iothub-app-%FF", "x"}, {"Restante-Percent-Encoded", "iothub-app-%ff"}},
         "must have a name in UTF-8"},
    };
    for (const auto& [headers, text] : cases) {
        const auto message = read(headers);
        ASSERT_FALSE(message) << text;
        EXPECT_EQ(message.error().code, ErrorCode::argument_invalid) << text;
        EXPECT_THAT(message.error().message, HasSubstr(text));
    }
    EXPECT_EQ(read({{"iothub-app-k", std::string(topic_bytes_max, '/')}}).error().code,
              ErrorCode::message_too_large);
}

TEST(LockTokenText, IsAGuidWithOrWithoutQuotes) {
    const model::LockToken token{.sequence = {5}, .serial = 6};
    const auto etag = lock_token_etag(token);
    EXPECT_EQ(etag, "\"00000000-0000-0005-0000-000000000006\"");
    EXPECT_EQ(parse_lock_token(etag), token);
    EXPECT_EQ(parse_lock_token(etag.substr(1, 36)), token);
    for (const auto text : {"", "\"", "\"\"", "x", "00000000-0000-0005-0000-00000000000"}) {
        EXPECT_EQ(parse_lock_token(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace restante::wire
