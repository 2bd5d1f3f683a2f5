#include "store/records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"

namespace restante::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

model::DeviceId device() {
    return model::DeviceId::parse("d1").value();
}

model::DeviceIdentity full_identity() {
    return {.id = device(),
            .generation_id = "638000000000000001",
            .version = 0x0102030405060708,
            .status = model::DeviceStatus::disabled,
            .status_reason = "stolen",
            .status_updated_at = from_unix_milliseconds(1'700'000'000'123),
            .authentication = {.type = model::AuthenticationType::self_signed,
                               .symmetric_key = {.primary = "cHJpbWFyeQ==",
                                                 .secondary = "c2Vjb25kYXJ5"},
                               .x509_thumbprint = {.primary = "AB", .secondary = "cd"}},
            .iot_edge = true,
            .device_scope = "own",
            .parent_scope = "up"};
}

model::ModuleId module_id() {
    return model::ModuleId::parse("m1").value();
}

model::ModuleIdentity full_module() {
    return {.id = module_id(),
            .generation_id = "1",
            .version = 2,
            .managed_by = "me",
            .authentication = {.type = model::AuthenticationType::none,
                               .symmetric_key = {.primary = "p", .secondary = "s"},
                               .x509_thumbprint = {.primary = "AB", .secondary = "cd"}}};
}

model::CloudToDeviceMessage full_message() {
    return {.message_id = "m",
            .correlation_id = "c",
            .user_id = "u",
            .to = "/devices/d1/messages/devicebound",
            .content_type = "application/json",
            .content_encoding = "utf-8",
            .expiry_time = from_unix_milliseconds(-1),
            .ack = model::AckRequest::full,
            .properties = {{"b", "2"}, {"a", ""}, {"", "\xFF"}},
            .body = {0, 1, 0xFF}};
}

const model::QueuedMessage queued{.sequence = {7},
                                  .enqueued_at = from_unix_milliseconds(1),
                                  .expires_at = from_unix_milliseconds(-2),
                                  .delivery_count = 3,
                                  .ack = model::AckRequest::full,
                                  .message_id = "m"};
const model::FeedbackRecord feedback{.device = *model::DeviceId::parse("d1"),
                                     .generation_id = "g",
                                     .original_message_id = "m",
                                     .ended_at = from_unix_milliseconds(3),
                                     .status = model::FeedbackStatus::purged};
const model::MqttSubscriptions subscriptions{
    {.filter = "devices/d1/messages/devicebound/#", .granted_qos = 1},
    {.filter = "$iothub/#", .granted_qos = 0}};

/// Each kind of record: one with every field, and its decoder down to encoding again.
struct Kind {
    std::string name;
    Bytes record;
    std::function<Result<Bytes>(BytesView)> decode_and_encode;
};

template <class Value>
Result<Bytes> again(const Result<Value>& value) {
    if (!value) return std::unexpected(value.error());
    return encode(*value);
}

std::vector<Kind> kinds() {
    return {
        {"device identity", encode(full_identity()),
         [](BytesView r) { return again(decode_device_identity(device(), r)); }},
        {"module identity", encode(full_module()),
         [](BytesView r) { return again(decode_module_identity(module_id(), r)); }},
        {"queued message", encode(queued),
         [](BytesView r) { return again(decode_queued_message({7}, r)); }},
        {"message", encode(full_message()), [](BytesView r) { return again(decode_message(r)); }},
        {"sequence", encode(model::SequenceNumber{9}),
         [](BytesView r) { return again(decode_next_sequence(r)); }},
        {"MQTT subscriptions", encode(subscriptions),
         [](BytesView r) { return again(decode_mqtt_subscriptions(r)); }},
        {"feedback", encode(feedback),
         [](BytesView r) { return again(decode_feedback_record(r)); }},
        {"feedback batch", encode(model::FeedbackBatch{feedback, feedback}),
         [](BytesView r) { return again(decode_feedback_batch(r)); }}};
}

TEST(Records, KeepEveryFieldOfADeviceIdentity) {
    EXPECT_EQ(decode_device_identity(device(), encode(full_identity())), full_identity());
    const model::DeviceIdentity bare{.id = device()};
    EXPECT_EQ(decode_device_identity(device(), encode(bare)), bare);
    auto only_secondary = full_identity();
    only_secondary.authentication.x509_thumbprint.primary.reset();
    EXPECT_EQ(decode_device_identity(device(), encode(only_secondary)), only_secondary);
}

TEST(Records, KeepEveryFieldOfAModuleIdentity) {
    EXPECT_EQ(decode_module_identity(module_id(), encode(full_module())), full_module());
    const model::ModuleIdentity bare{.id = module_id()};
    EXPECT_EQ(decode_module_identity(module_id(), encode(bare)), bare);
}

TEST(Records, OfADeviceNeverHaveNoAuthentication) {
    auto identity = full_identity();
    identity.authentication.type = model::AuthenticationType::none;
    EXPECT_FALSE(decode_device_identity(device(), encode(identity)));
}

TEST(Records, KeepEveryFieldOfAMessage) {
    EXPECT_EQ(decode_message(encode(full_message())), full_message());
    EXPECT_EQ(decode_message(encode(model::CloudToDeviceMessage())), model::CloudToDeviceMessage());
    // Absent and empty differ, and so do absent and `none`.
    const model::CloudToDeviceMessage empty{
        .message_id = "", .user_id = "", .content_type = "", .ack = model::AckRequest::none};
    EXPECT_EQ(decode_message(encode(empty)), empty);
    model::CloudToDeviceMessage large;
    large.body.assign(256 * 1024, 0xA5);
    EXPECT_EQ(decode_message(encode(large)), large);
}

TEST(Records, KeepEveryFieldOfTheRest) {
    EXPECT_EQ(decode_queued_message({7}, encode(queued)), queued);
    EXPECT_EQ(decode_next_sequence(encode(model::SequenceNumber{~std::uint64_t{0}})),
              model::SequenceNumber{~std::uint64_t{0}});
    EXPECT_EQ(decode_mqtt_subscriptions(encode(subscriptions)), subscriptions);
    EXPECT_EQ(decode_feedback_record(encode(feedback)), feedback);
    const model::FeedbackBatch batch{feedback, feedback};
    EXPECT_EQ(decode_feedback_batch(encode(batch)), batch);
    EXPECT_EQ(decode_mqtt_subscriptions(encode(model::MqttSubscriptions())),
              model::MqttSubscriptions());
}

/// The bytes on disk are a promise to the next version: docs/formats/records.md.
TEST(Records, AreSpelledAsTheFormatSays) {
    EXPECT_EQ(to_hex(encode(model::SequenceNumber{9})), "010000000000000009");
    EXPECT_EQ(to_hex(encode(queued)), "010000000000000001fffffffffffffffe0000000303000000016d");
    EXPECT_EQ(to_hex(encode(feedback)), "010000000264310000000167000000016d000000000000000304");
    EXPECT_EQ(to_hex(encode(model::FeedbackBatch{feedback})),
              "01000000010000000264310000000167000000016d000000000000000304");
    EXPECT_EQ(to_hex(encode(model::MqttSubscriptions{{.filter = "a/#", .granted_qos = 1}})),
              "010000000100000003612f2301");
    EXPECT_EQ(to_hex(encode(model::CloudToDeviceMessage{.to = "t",
                                                        .ack = model::AckRequest::negative,
                                                        .properties = {{"n", "v"}},
                                                        .body = {0xAB}})),
              "0100000001000000017400000001020000000100000001"
              "6e000000017600000001ab");
    EXPECT_EQ(to_hex(encode(model::DeviceIdentity{
                  .id = device(), .generation_id = "1", .version = 2, .iot_edge = true})),
              "0100000001310000000000000002"
              "00000000"
              "0000000000000000"
              "000001"
              "0000000000000000");
    EXPECT_EQ(to_hex(encode(full_module())),
              "0100000001310000000000000002"
              "01000000026d65"
              "03000000017000000001730100000002414201000000026364");
}

TEST(Records, CutShortAtAnyByteAreMalformedAndNamed) {
    for (const auto& kind : kinds()) {
        for (std::size_t size = 0; size < kind.record.size(); ++size) {
            const auto decoded = kind.decode_and_encode(BytesView(kind.record).first(size));
            ASSERT_FALSE(decoded) << kind.name << " at " << size;
            EXPECT_EQ(decoded.error().code, ErrorCode::malformed);
            EXPECT_THAT(decoded.error().message, HasSubstr(kind.name + " record"));
        }
    }
}

TEST(Records, WithBytesLeftOverAreMalformed) {
    for (const auto& kind : kinds()) {
        Bytes longer = kind.record;
        longer.push_back(0);
        EXPECT_THAT(kind.decode_and_encode(longer).error().message, HasSubstr("1 bytes too many"));
    }
}

TEST(Records, OfAnUnknownVersionSayWhichAndWhichIsKnown) {
    for (const auto& kind : kinds()) {
        Bytes newer = kind.record;
        newer.front() = 2;
        EXPECT_THAT(kind.decode_and_encode(newer).error().message,
                    AllOf(HasSubstr("version 2 is unknown"), HasSubstr("knows 1")));
    }
}

TEST(Records, WithAnyByteChangedAreRefusedOrMeanExactlyWhatTheySay) {
    for (const auto& kind : kinds()) {
        for (std::size_t at = 0; at < kind.record.size(); ++at) {
            for (const std::uint8_t change : Bytes{0x01, 0x02, 0x04, 0x80, 0xFF}) {
                Bytes changed = kind.record;
                changed[at] ^= change;
                const auto decoded = kind.decode_and_encode(changed);
                if (decoded) EXPECT_EQ(*decoded, changed) << kind.name << " at " << at;
            }
        }
    }
}

TEST(Records, DoNotBelieveACountWithoutTheBytesForIt) {
    EXPECT_FALSE(decode_mqtt_subscriptions(Bytes{1, 0xFF, 0xFF, 0xFF, 0xFF}));
    // Eight absent fields, then the number of properties.
    EXPECT_FALSE(decode_message(Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}));
}

}  // namespace
}  // namespace restante::store
