#include "protocol/amqp/message.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/encoding.hpp"

namespace restante::amqp {
namespace {

Bytes joined(std::initializer_list<Message> parts) {
    Bytes out;
    for (const Message& part : parts) append(out, BytesView(encode_message(part)));
    return out;
}

Message application_property(std::string key, Value value) {
    Message message;
    message.application_properties.add(std::move(key), std::move(value));
    return message;
}

TEST(AmqpMessage, EverySectionSurvivesARoundTrip) {
    Message message = application_property("status-code", std::int32_t{200});
    message.header = Header{.durable = true, .priority = 1, .ttl_ms = 5, .delivery_count = 2};
    message.delivery_annotations.add(Symbol{"d"}, true);
    message.message_annotations.add(Symbol{"x-opt-sequence-number"}, std::uint64_t{7});
    message.properties = Properties{.message_id = std::uint64_t{0},
                                    .user_id = to_bytes("hub"),
                                    .to = "/devices/d",
                                    .subject = "s",
                                    .reply_to = "r",
                                    .correlation_id = Uuid{},
                                    .content_type = "text/plain",
                                    .content_encoding = "utf-8",
                                    .absolute_expiry_time = WallTime(Milliseconds(1)),
                                    .creation_time = WallTime(Milliseconds(2)),
                                    .group_id = "g",
                                    .group_sequence = 3,
                                    .reply_to_group_id = "q"};
    message.data = {to_bytes("one"), to_bytes(std::string(300, 'x'))};
    message.footer.add(Symbol{"f"}, "v");
    EXPECT_EQ(decode_message(encode_message(message)), message);
}

TEST(AmqpMessage, PropertiesAreWrittenWithAllThirteenFields) {
    EXPECT_EQ(to_hex(encode_message({.properties = Properties{.message_id = "m"}})),
              "005373c010"
              "0d"
              "a1016d"
              "404040404040404040404040");
}

TEST(AmqpMessage, ABodyMayBeAValueOrSequences) {
    const Message value{.value = Value("token")};
    EXPECT_EQ(to_hex(encode_message(value)),
              "005377"
              "a105746f6b656e");
    EXPECT_EQ(decode_message(encode_message(value)), value);
    const Message null{.value = Value()};
    EXPECT_EQ(decode_message(encode_message(null)), null);
    const Message sequences{.sequences = {List{{Value("a")}}, List{}}};
    EXPECT_EQ(decode_message(encode_message(sequences)), sequences);
}

TEST(AmqpMessage, SectionsMayComeInAnyOrder) {
    Message annotations;
    annotations.message_annotations.add(Symbol{"a"}, "b");
    const auto message = decode_message(joined({{.properties = Properties{.message_id = "m"}},
                                                application_property("k", "v"),
                                                annotations,
                                                {.data = {to_bytes("x")}}}));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->message_annotations.find("a")->text(), "b");
    EXPECT_EQ(message->data.size(), 1U);
}

TEST(AmqpMessage, ASectionThatComesTwiceIsRefused) {
    EXPECT_FALSE(
        decode_message(joined({application_property("k", "v"), application_property("k", "v")})));
    EXPECT_FALSE(decode_message(joined({{.header = Header{}}, {.header = Header{}}})));
    EXPECT_FALSE(decode_message(joined({{.value = Value("a")}, {.value = Value("b")}})));
}

TEST(AmqpMessage, ABodyOfTwoKindsIsRefused) {
    EXPECT_FALSE(decode_message(joined({{.data = {Bytes{}}}, {.value = Value("b")}})));
    EXPECT_FALSE(decode_message(joined({{.value = Value("b")}, {.data = {Bytes{}}}})));
    EXPECT_FALSE(decode_message(joined({{.data = {Bytes{}}}, {.sequences = {List{}}}})));
}

TEST(AmqpMessage, DataSectionsAreBoundedInNumber) {
    Message message;
    message.data.resize(body_sections_max);
    EXPECT_TRUE(decode_message(encode_message(message)));
    message.data.emplace_back();
    EXPECT_FALSE(decode_message(encode_message(message)));
}

TEST(AmqpMessage, AStringAsContentTypeIsReadLikeASymbol) {
    const Bytes bytes{0x00, 0x53, 0x73, 0xc0, 10,   7, 0x40, 0x40,
                      0x40, 0x40, 0x40, 0x40, 0xa1, 1, 't'};
    const auto message = decode_message(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->properties->content_type, "t");
}

TEST(AmqpMessage, AMessageIdOfAnIntegerTypeIsKeptWithItsType) {
    Message message{.properties = Properties{.message_id = std::int64_t{-1}}};
    EXPECT_EQ(decode_message(encode_message(message)), message);
    message.properties->message_id = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(decode_message(encode_message(message)), message);
    message.properties->message_id = List{};
    EXPECT_FALSE(decode_message(encode_message(message)));
}

TEST(AmqpMessage, WhatIsNotASectionIsRefused) {
    EXPECT_FALSE(decode_message(Bytes{0x00, 0x53, 0x79, 0xa0, 0}));
    EXPECT_FALSE(decode_message(Bytes{0x00, 0x53, 0x75, 0xa1, 0}));     // a string for data
    EXPECT_FALSE(decode_message(Bytes{0x00, 0x53, 0x74, 0xc0, 1, 0}));  // a list for a map
    EXPECT_FALSE(decode_message(Bytes{0x00, 0x53, 0x76, 0xa0, 0}));     // a binary for a list
    EXPECT_FALSE(decode_message(Bytes{0x00, 0x53, 0x75, 0xa0, 9}));     // truncated
    EXPECT_FALSE(decode_message(Bytes{0xa0, 0}));
    EXPECT_TRUE(decode_message(Bytes{}));
}

}  // namespace
}  // namespace restante::amqp
