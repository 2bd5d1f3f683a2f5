#include "wire/amqp_message.hpp"

#include <gmock/gmock.h>

#include <memory>

#include "base/timestamp.hpp"

namespace restante::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr const char* to_d1 = "/devices/d1/messages/devicebound";

amqp::Message message_to(std::string_view to) {
    amqp::Message message;
    message.properties.emplace();
    message.properties->to = to;
    return message;
}

amqp::Message with_property(std::string_view name, amqp::Value value) {
    amqp::Message message = message_to(to_d1);
    message.application_properties.add(name, std::move(value));
    return message;
}

/// The text an application property of this value becomes.
std::string text_of(amqp::Value value) {
    const auto sent = from_amqp(with_property("p", std::move(value)));
    if (!sent) return sent.error().message;
    return sent->message.properties.at(0).second;
}

TEST(SentMessage, IsReadFromWhatThePythonClientSends) {
    amqp::Message message = message_to("/devices/Device-1/messages/devicebound");
    message.properties->message_id = "message1";
    message.application_properties.add("prop1", "test property-2");
    message.application_properties.add("testProperty", "Test message");
    message.data.push_back(to_bytes("hello"));
    const auto sent = from_amqp(message);
    ASSERT_TRUE(sent) << sent.error().message;
    EXPECT_EQ(sent->target.id.value(), "Device-1");
    EXPECT_EQ(sent->message.message_id, "message1");
    EXPECT_EQ(sent->message.to, "/devices/Device-1/messages/devicebound");
    EXPECT_THAT(sent->message.properties, ElementsAre(Pair("prop1", "test property-2"),
                                                      Pair("testProperty", "Test message")));
    EXPECT_EQ(sent->message.body, to_bytes("hello"));
    EXPECT_EQ(sent->message.ack, std::nullopt);
}

TEST(SentMessage, HasTheSystemPropertiesOfEverySender) {
    amqp::Message message = message_to("/devices/dev%231%25a/messages/deviceBound");
    message.properties->message_id = *Uuid::parse("00112233-4455-6677-8899-AABBCCDDEEFF");
    message.properties->correlation_id = std::uint64_t{18446744073709551615U};
    message.properties->user_id = to_bytes("user");
    message.properties->content_type = "application/json";
    message.properties->content_encoding = "utf-8";
    message.properties->absolute_expiry_time = from_unix_milliseconds(1595686465172);
    message.application_properties.add("iothub-ack", "FULL");
    const auto sent = from_amqp(message);
    ASSERT_TRUE(sent) << sent.error().message;
    EXPECT_EQ(sent->target.id.value(), "dev#1%a");
    EXPECT_EQ(sent->message.message_id, "00112233-4455-6677-8899-aabbccddeeff");
    EXPECT_EQ(sent->message.correlation_id, "18446744073709551615");
    EXPECT_EQ(sent->message.user_id, "user");
    EXPECT_EQ(sent->message.to, "/devices/dev%231%25a/messages/deviceBound") << "as written";
    EXPECT_EQ(sent->message.content_type, "application/json");
    EXPECT_EQ(sent->message.content_encoding, "utf-8");
    EXPECT_EQ(sent->message.expiry_time, from_unix_milliseconds(1595686465172));
    EXPECT_EQ(sent->message.ack, model::AckRequest::full);
    EXPECT_TRUE(sent->message.properties.empty()) << "the word is not a property of its own";
}

TEST(SentMessage, HasIdsOfAnyTypeAsText) {
    const auto id_of = [](amqp::Value value) {
        amqp::Message message = message_to(to_d1);
        message.properties->message_id = std::move(value);
        return from_amqp(message)->message.message_id;
    };
    EXPECT_EQ(id_of(std::int32_t{-7}), "-7");
    EXPECT_EQ(id_of(std::uint64_t{0}), "0");
    EXPECT_EQ(id_of(to_bytes("text")), "text");
    EXPECT_EQ(id_of(Bytes{0xFF, 0x00}), "/wA=");
    EXPECT_EQ(id_of(amqp::Value{}), std::nullopt);
    EXPECT_EQ(id_of(""), std::nullopt);
}

TEST(SentMessage, HasPropertyValuesOfAnyScalarAsText) {
    EXPECT_EQ(text_of(true), "True");
    EXPECT_EQ(text_of(false), "False");
    EXPECT_EQ(text_of(std::uint8_t{200}), "200");
    EXPECT_EQ(text_of(std::int8_t{-5}), "-5");
    EXPECT_EQ(text_of(std::int64_t{-9007199254740993}), "-9007199254740993");
    EXPECT_EQ(text_of(1.5), "1.5");
    EXPECT_EQ(text_of(0.1F), "0.1");
    EXPECT_EQ(text_of("text"), "text");
    EXPECT_EQ(text_of(""), "");
    EXPECT_EQ(text_of(amqp::Symbol{"symbol"}), "symbol");
    EXPECT_EQ(text_of(to_bytes("bytes")), "bytes");
    EXPECT_EQ(text_of(Bytes{0xFF}), "/w==");
    EXPECT_EQ(text_of(amqp::Char{'c'}), "c");
    EXPECT_EQ(text_of(amqp::Char{0xFC}), "\xC3\xBC");
    EXPECT_EQ(text_of(amqp::Char{0x20AC}), "\xE2\x82\xAC");
    EXPECT_EQ(text_of(amqp::Char{0x1F600}), "\xF0\x9F\x98\x80");
    EXPECT_EQ(text_of(from_unix_milliseconds(1595686465172)), "2020-07-25T14:14:25.1720000Z");
}

TEST(SentMessage, RefusesPropertiesWithoutAText) {
    EXPECT_THAT(text_of(amqp::Value{}), HasSubstr("'p' has no value"));
    for (const amqp::Value& value :
         {amqp::Value{amqp::Map{}}, amqp::Value{amqp::List{}}, amqp::Value{amqp::Decimal<8>{}},
          amqp::Value{amqp::Char{0xD800}}, amqp::Value{amqp::Char{0x110000}},
          amqp::Value{from_unix_milliseconds(std::numeric_limits<std::int64_t>::max())},
          amqp::Value{"\xFF"}}) {
        EXPECT_THAT(text_of(value), HasSubstr("'p' must be text"));
    }
    for (amqp::Value name : {amqp::Value{}, amqp::Value{""}, amqp::Value{std::int32_t{1}}}) {
        amqp::Message message = message_to(to_d1);
        message.application_properties.add(std::move(name), "x");
        EXPECT_EQ(from_amqp(message).error().code, ErrorCode::argument_invalid);
    }
}

TEST(SentMessage, RefusesAPropertyGivenTwice) {
    amqp::Message message = with_property("p", "1");
    message.application_properties.add(amqp::Symbol{"p"}, "2");
    EXPECT_THAT(from_amqp(message).error().message, HasSubstr("'p' is given twice"));
    message = with_property("iothub-ack", "full");
    message.application_properties.add("IoTHub-Ack", "none");
    EXPECT_THAT(from_amqp(message).error().message, HasSubstr("is given twice"));
}

TEST(SentMessage, BoundsItsProperties) {
    amqp::Message message = message_to(to_d1);
    for (std::size_t i = 0; i < application_properties_max; ++i) {
        message.application_properties.add(std::string_view(std::to_string(i)), "");
    }
    EXPECT_TRUE(from_amqp(message));
    message.application_properties.add("one more", "");
    EXPECT_EQ(from_amqp(message).error().code, ErrorCode::argument_invalid);
}

TEST(SentMessage, RefusesAnUnknownAckWord) {
    const auto sent = from_amqp(with_property("iothub-ack", "always"));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error(), (Error{ErrorCode::argument_invalid,
                                   "the application property 'iothub-ack' must be none, positive, "
                                   "negative or full"}));
}

TEST(SentMessage, RefusesAMessageThatNamesNoDevice) {
    const Error expected{ErrorCode::invalid_operation,
                         "Amqp Message.Properties.To must contain the device identifier"};
    EXPECT_EQ(from_amqp(amqp::Message{}).error(), expected);
    EXPECT_EQ(from_amqp(message_to("")).error(), expected);
    EXPECT_EQ(from_amqp(message_to("/messages/devicebound")).error(), expected);
}

TEST(SentMessage, RefusesAnExpiryNoCalendarHas) {
    for (const std::int64_t milliseconds :
         {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
        amqp::Message message = message_to(to_d1);
        message.properties->absolute_expiry_time = from_unix_milliseconds(milliseconds);
        EXPECT_EQ(from_amqp(message).error().code, ErrorCode::invalid_message_expiry_time);
    }
}

TEST(SentMessage, RefusesPropertiesNoMqttDeviceCouldReceive) {
    // Each of these bytes takes three in a topic.
    const std::string value(22'000, '/');
    EXPECT_EQ(from_amqp(with_property("p", std::string_view(value))).error().code,
              ErrorCode::message_too_large);
}

TEST(SentMessage, HasOneBodyWhateverItsSections) {
    amqp::Message message = message_to(to_d1);
    EXPECT_TRUE(from_amqp(message)->message.body.empty());
    message.data = {to_bytes("a"), Bytes{}, to_bytes("bc")};
    EXPECT_EQ(from_amqp(message)->message.body, to_bytes("abc"));
    message.data.clear();
    message.value = amqp::Value{"text"};
    EXPECT_EQ(from_amqp(message)->message.body, to_bytes("text"));
    message.value = amqp::Value{Bytes{1, 2}};
    EXPECT_EQ(from_amqp(message)->message.body, (Bytes{1, 2}));
    message.value = amqp::Value{};
    EXPECT_TRUE(from_amqp(message)->message.body.empty());
    message.value = amqp::Value{std::int32_t{5}};
    EXPECT_EQ(from_amqp(message).error().code, ErrorCode::argument_invalid);
    message.value.reset();
    message.sequences.emplace_back();
    EXPECT_EQ(from_amqp(message).error().code, ErrorCode::argument_invalid);
}

model::CloudToDeviceMessage full_message() {
    model::CloudToDeviceMessage message;
    message.message_id = "m";
    message.correlation_id = "c";
    message.user_id = "u";
    message.to = to_d1;
    message.content_type = "application/json";
    message.content_encoding = "utf-8";
    message.expiry_time = from_unix_milliseconds(1595686465172);
    message.ack = model::AckRequest::negative;
    message.properties = {{"b", "2"}, {"a", "1"}};
    message.body = to_bytes("body");
    return message;
}

TEST(SentMessage, OfOurSdkIsReadByOurHub) {
    const auto sent = from_amqp(to_amqp(full_message()));
    ASSERT_TRUE(sent) << sent.error().message;
    EXPECT_EQ(sent->message, full_message());
    EXPECT_EQ(sent->target.id.value(), "d1");
}

TEST(DeliveredMessage, HasWhatTheClientsReadInTheTypesTheyExpect) {
    model::LockedMessage locked;
    locked.token = {.sequence = {7}, .serial = 2};
    locked.queued = {.sequence = {7},
                     .enqueued_at = from_unix_milliseconds(1595686465172),
                     .expires_at = {},
                     .delivery_count = 3};
    auto content = full_message();
    content.properties.emplace_back("iothub-messageid", "Java throws on this name");
    locked.message = std::make_shared<const model::CloudToDeviceMessage>(content);
    const auto message = to_amqp(*model::DeviceId::parse("d1"), locked);

    const auto& annotations = message.message_annotations;
    ASSERT_EQ(annotations.entries.size(), 4u);
    for (const auto& entry : annotations.entries) {
        EXPECT_NE(entry.key.get_if<amqp::Symbol>(), nullptr);
    }
    EXPECT_EQ(*annotations.find("iothub-enqueuedtime"),
              amqp::Value{from_unix_milliseconds(1595686465172)});
    EXPECT_EQ(*annotations.find("iothub-deliverycount"), amqp::Value{std::uint8_t{3}});
    EXPECT_EQ(*annotations.find("x-opt-sequence-number"), amqp::Value{std::uint64_t{7}});
    EXPECT_EQ(*annotations.find("x-opt-lock-token"),
              amqp::Value{"00000000-0000-0007-0000-000000000002"});

    EXPECT_EQ(message.properties->message_id, amqp::Value{"m"});
    EXPECT_EQ(message.properties->user_id, to_bytes("u"));
    EXPECT_EQ(message.properties->to, to_d1);
    EXPECT_EQ(message.properties->absolute_expiry_time, content.expiry_time);
    EXPECT_EQ(message.application_properties.entries.size(), 3u);
    EXPECT_EQ(*message.application_properties.find("iothub-ack"), amqp::Value{"negative"});
    EXPECT_EQ(message.application_properties.find("iothub-messageid"), nullptr);
    EXPECT_THAT(message.data, ElementsAre(to_bytes("body")));
}

TEST(DeliveredMessage, AlwaysHasATargetAndOneDataSection) {
    model::LockedMessage locked;
    locked.queued.delivery_count = 300;
    locked.message = std::make_shared<const model::CloudToDeviceMessage>();
    const auto message = to_amqp(*model::DeviceId::parse("d1"), locked);
    EXPECT_EQ(message.properties->to, to_d1);
    EXPECT_THAT(message.data, ElementsAre(Bytes{}));
    EXPECT_EQ(*message.message_annotations.find("iothub-deliverycount"),
              amqp::Value{std::uint8_t{255}});
}

TEST(DeliveryTag, IsTheLockTokenAsDotNetSpellsAGuid) {
    const auto token =
        model::LockToken::from_uuid(*Uuid::parse("00112233-4455-6677-8899-aabbccddeeff"));
    EXPECT_EQ(delivery_tag(token), (Bytes{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88,
                                          0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}));
}

TEST(FromDevicebound, ReadsAMessageWithoutAnAddress) {
    model::CloudToDeviceMessage sent;
    sent.message_id = "m1";
    sent.properties = {{"k", "v"}};
    sent.body = to_bytes("body");
    EXPECT_EQ(from_devicebound(to_amqp(sent)), sent);
}

TEST(TelemetryToAmqp, PutsEachPropertyInItsPlace) {
    DeviceProperties properties;
    properties.message_id = "m1";
    properties.content_type = "text/plain";
    properties.expiry_time = "2026-11-23T14:05:06Z";
    properties.properties = {{"k", "v"}};
    const auto message = telemetry_to_amqp(properties, as_bytes("body"));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->properties->message_id.text(), "m1");
    EXPECT_EQ(message->properties->content_type, "text/plain");
    EXPECT_EQ(message->properties->absolute_expiry_time, parse_iso8601("2026-11-23T14:05:06Z"));
    EXPECT_EQ(message->application_properties.find("k")->text(), "v");
    EXPECT_THAT(message->data, ElementsAre(to_bytes("body")));
    properties.expiry_time = "tomorrow";
    EXPECT_EQ(telemetry_to_amqp(properties, {}).error().code, ErrorCode::argument_invalid);
}

}  // namespace
}  // namespace restante::wire
