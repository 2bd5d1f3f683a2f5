#include "protocol/amqp/performative.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "protocol/amqp/performative_codec.hpp"

namespace restante::amqp {
namespace {

template <class T>
std::string hex(const T& performative) {
    Bytes out;
    write(out, performative);
    return to_hex(out);
}

template <class T>
T round_trip(const T& performative) {
    Bytes out;
    write(out, performative);
    ByteReader in(out);
    auto read = read_performative(in);
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    EXPECT_TRUE(in.empty());
    return read ? std::get<T>(*read) : T{};
}

bool refused(std::initializer_list<int> list) {
    Bytes bytes;
    for (const int byte : list) bytes.push_back(static_cast<std::uint8_t>(byte));
    ByteReader in(bytes);
    return !read_performative(in);
}

TEST(AmqpPerformative, EveryFieldIsWrittenTrailingNullsIncluded) {
    EXPECT_EQ(hex(Open{.container_id = "c"}),
              "005310c013"
              "0a"
              "a10163"
              "40"
              "70ffffffff"
              "60ffff"
              "40"
              "4040404040");
    EXPECT_EQ(hex(Begin{.remote_channel = 0, .next_outgoing_id = 0, .incoming_window = 5}),
              "005311c010"
              "08"
              "600000"
              "43"
              "5205"
              "43"
              "70ffffffff"
              "404040");
    EXPECT_EQ(hex(Detach{.handle = 1, .closed = true}),
              "005316c005"
              "03"
              "5201"
              "41"
              "40");
    EXPECT_EQ(hex(End{}),
              "005317c00201"
              "40");
    EXPECT_EQ(hex(Close{}),
              "005318c00201"
              "40");
}

TEST(AmqpPerformative, AnAttachWritesAMapOfPropertiesEvenWhenThereAreNone) {
    EXPECT_EQ(hex(Attach{.name = "n", .role = Role::receiver}),
              "005312c015"
              "0e"
              "a1016e"
              "43"
              "41"
              "5002"
              "5000"
              "40"
              "40"
              "40"
              "42"
              "40"
              "40"
              "40"
              "40"
              "c10100");
}

TEST(AmqpPerformative, TerminiHaveElevenAndSevenFields) {
    const std::string attach =
        hex(Attach{.name = "n", .source = Source{.address = "a"}, .target = Target{}});
    EXPECT_NE(attach.find("005328c0"), std::string::npos);
    EXPECT_NE(attach.find("0b"
                          "a10161"
                          "43"
                          "a30b73657373696f6e2d656e64"
                          "43"
                          "42"
                          "404040404040"),
              std::string::npos);
    EXPECT_NE(attach.find("07"
                          "40"
                          "43"
                          "a30b73657373696f6e2d656e64"
                          "43"
                          "42"
                          "4040"),
              std::string::npos);
}

TEST(AmqpPerformative, TransferFlowAndDispositionHaveAllFields) {
    EXPECT_EQ(hex(Flow{.incoming_window = 1, .next_outgoing_id = 2, .outgoing_window = 3}),
              "005313c00f"
              "0b"
              "40"
              "5201"
              "5202"
              "5203"
              "40404040"
              "42"
              "42"
              "40");
    const Bytes tag = to_bytes("t");
    EXPECT_EQ(hex(Transfer{.handle = 0,
                           .delivery_id = 1,
                           .delivery_tag = tag,
                           .message_format = 0,
                           .settled = false}),
              "005314c00f"
              "0b"
              "43"
              "5201"
              "a00174"
              "43"
              "42"
              "42"
              "4040"
              "42"
              "42"
              "42");
    EXPECT_EQ(
        hex(Disposition{
            .role = Role::receiver, .first = 1, .last = 1, .settled = true, .state = Accepted{}}),
        "005315c00e"
        "06"
        "41"
        "5201"
        "5201"
        "41"
        "005324c00100"
        "42");
}

TEST(AmqpPerformative, SaslMechanismsAreAnArrayOfSymbolsAlsoWhenThereIsOne) {
    EXPECT_EQ(hex(SaslMechanisms{.mechanisms = {{"PLAIN"}}}),
              "005340c00b01"
              "e00801a305"
              "504c41494e");
}

TEST(AmqpPerformative, WhatIsWrittenIsReadAgain) {
    Map map;
    map.add(Symbol{"k"}, "v");
    const ErrorCondition error{.condition = "amqp:not-found", .description = "no", .info = map};
    const Open open{.container_id = "c",
                    .hostname = "h",
                    .max_frame_size = 4096,
                    .channel_max = 7,
                    .idle_time_out_ms = 1000,
                    .outgoing_locales = {{"en-US"}},
                    .offered_capabilities = {{"a"}, {"b"}},
                    .properties = map};
    EXPECT_EQ(round_trip(open), open);
    const Attach attach{.name = "n",
                        .handle = 3,
                        .role = Role::receiver,
                        .sender_settle_mode = SenderSettleMode::settled,
                        .receiver_settle_mode = ReceiverSettleMode::second,
                        .source = Source{.address = "a",
                                         .dynamic = true,
                                         .distribution_mode = Symbol{"move"},
                                         .filter = map,
                                         .default_outcome = Described(std::uint64_t{0x26}, List{}),
                                         .outcomes = {{"amqp:accepted:list"}}},
                        .target = Target{.address = "b", .durable = 2, .capabilities = {{"x"}}},
                        .unsettled = map,
                        .initial_delivery_count = 9,
                        .max_message_size = 1 << 20,
                        .properties = map};
    EXPECT_EQ(round_trip(attach), attach);
    const Flow flow{.next_incoming_id = 1,
                    .incoming_window = 2,
                    .next_outgoing_id = 3,
                    .outgoing_window = 4,
                    .handle = 5,
                    .delivery_count = 6,
                    .link_credit = 700,
                    .available = 8,
                    .drain = true,
                    .echo = true};
    EXPECT_EQ(round_trip(flow), flow);
    for (const DeliveryState& state :
         {DeliveryState(Accepted{}), DeliveryState(Released{}), DeliveryState(Rejected{error}),
          DeliveryState(Rejected{}), DeliveryState(Modified{true, true, map}),
          DeliveryState(Received{1, 2}), DeliveryState(Received{0, 0})}) {
        const Disposition disposition{.first = 1, .last = 70'000, .state = state};
        EXPECT_EQ(round_trip(disposition), disposition);
    }
    EXPECT_EQ(round_trip(Close{.error = error}), Close{.error = error});
}

TEST(AmqpPerformative, FieldsMayBeLeftOutAtTheEnd) {
    const Bytes bytes{0x00, 0x53, 0x10, 0xc0, 0x04, 0x01, 0xa1, 0x01, 'c'};
    ByteReader in(bytes);
    const auto open = read_performative(in);
    ASSERT_TRUE(open);
    EXPECT_EQ(std::get<Open>(*open).max_frame_size, UINT32_MAX);
}

TEST(AmqpPerformative, AnEmptyListMayBeList0) {
    const Bytes bytes{0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x17, 0x45};
    ByteReader in(bytes);
    EXPECT_TRUE(read_performative(in));
}

TEST(AmqpPerformative, APayloadIsLeftBehindATransfer) {
    Bytes bytes;
    const Bytes tag = to_bytes("t");
    write(bytes, Transfer{.handle = 2, .delivery_id = 1, .delivery_tag = tag});
    append(bytes, std::string_view("payload"));
    ByteReader in(bytes);
    const auto transfer = read_performative(in);
    ASSERT_TRUE(transfer);
    EXPECT_EQ(to_text(*std::get<Transfer>(*transfer).delivery_tag), "t");
    EXPECT_EQ(to_text(in.take_rest()), "payload");
}

TEST(AmqpPerformative, AnOutcomeOfAnExtensionIsPassedOver) {
    const Bytes bytes{0x00, 0x53, 0x15, 0xc0, 14,   6, 0x41, 0x43, 0x40,
                      0x41, 0x00, 0x53, 0x34, 0xc0, 2, 1,    0x40, 0x42};
    Bytes sized = bytes;
    sized[4] = static_cast<std::uint8_t>(bytes.size() - 5);
    ByteReader in(sized);
    const auto disposition = read_performative(in);
    ASSERT_TRUE(disposition);
    EXPECT_FALSE(std::get<Disposition>(*disposition).state);
}

TEST(AmqpPerformative, WrongFieldsAreRefused) {
    EXPECT_TRUE(refused({0x00, 0x53, 0x10, 0x45}));                       // no container-id
    EXPECT_TRUE(refused({0x00, 0x53, 0x10, 0xc0, 3, 1, 0x52, 1}));        // a number for it
    EXPECT_TRUE(refused({0x00, 0x53, 0x17, 0xc0, 3, 2, 0x40, 0x40}));     // too many
    EXPECT_TRUE(refused({0x00, 0x53, 0x17, 0xc0, 3, 1, 0x40, 0x40}));     // bytes left over
    EXPECT_TRUE(refused({0x00, 0x53, 0x17, 0xc0, 9, 1, 0x40}));           // truncated
    EXPECT_TRUE(refused({0x00, 0x53, 0x17, 0x40}));                       // null for a list
    EXPECT_TRUE(refused({0x00, 0x53, 0x17, 0xc1, 1, 0}));                 // a map for a list
    EXPECT_TRUE(refused({0x00, 0x53, 0x19, 0x45}));                       // no such performative
    EXPECT_TRUE(refused({0x00, 0x80, 1, 0, 0, 0, 0, 0, 0, 0x17, 0x45}));  // another domain
    EXPECT_TRUE(refused({0x00, 0x53, 0x15, 0xc0, 3, 2, 0x41, 0x40}));     // no first
    EXPECT_TRUE(refused({0x00, 0x53, 0x12, 0xc0, 9, 4, 0xa1, 1, 'n', 0x43, 0x41, 0x50, 3}));
    EXPECT_TRUE(refused({}));
}

TEST(AmqpSasl, WhatIsWrittenIsReadAgain) {
    const SaslInit init{.mechanism = "PLAIN", .initial_response = Bytes{0, 'a'}, .hostname = "h"};
    Bytes out;
    write(out, init);
    const auto read = decode_sasl_frame(out);
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<SaslInit>(*read), init);
    out.push_back(0x40);
    EXPECT_FALSE(decode_sasl_frame(out));
}

TEST(AmqpSasl, AnOutcomeOfNoKnownCodeIsRefused) {
    EXPECT_FALSE(decode_sasl_frame(Bytes{0x00, 0x53, 0x44, 0xc0, 3, 1, 0x50, 9}));
}

TEST(AmqpSasl, ChallengesAndResponsesAreReadAsTheyAreWritten) {
    Bytes challenge, response;
    write(challenge, SaslChallenge{.challenge = to_bytes("c")});
    write(response, SaslResponse{.response = to_bytes("r")});
    EXPECT_EQ(to_hex(challenge), "005342c00401a00163");
    EXPECT_EQ(decode_sasl_frame(challenge), SaslFrame(SaslChallenge{.challenge = to_bytes("c")}));
    EXPECT_EQ(decode_sasl_frame(response), SaslFrame(SaslResponse{.response = to_bytes("r")}));
}

TEST(AmqpSasl, WhatIsNoSaslFrameIsRefused) {
    EXPECT_FALSE(decode_sasl_frame(Bytes{0x00, 0x53, 0x10, 0xc0, 4, 1, 0xa1, 1, 'c'}));  // an open
    EXPECT_FALSE(decode_sasl_frame(Bytes{0x00, 0x53, 0x42, 0xc0, 3, 1, 0x52, 1}));  // no binary
}

std::string fault(std::initializer_list<int> list) {
    Bytes bytes;
    for (const int byte : list) bytes.push_back(static_cast<std::uint8_t>(byte));
    ByteReader in(bytes);
    const auto read = read_performative(in);
    return read ? "none" : read.error().message;
}

TEST(AmqpPerformative, ARefusalNamesWhatWasWrong) {
    const std::pair<int, std::string> names[] = {
        {0x10, "an open"},  {0x11, "a begin"},    {0x12, "an attach"},
        {0x13, "a flow"},   {0x14, "a transfer"}, {0x15, "a disposition"},
        {0x16, "a detach"}, {0x17, "an end"},     {0x18, "a close"}};
    for (const auto& [code, name] : names) {
        const auto said = fault({0x00, 0x53, code, 0xc0, 3, 1, 0x72, 0});
        EXPECT_NE(said.find(name), std::string::npos) << said;
    }
}

TEST(AmqpPerformative, AFieldMayHaveTheLongFormOfItsType) {
    // A detach: handle as a full uint, closed as a boolean with its byte.
    Bytes bytes{0x00, 0x53, 0x16, 0xc0, 8, 2, 0x70, 0, 0, 0, 1, 0x56, 1};
    ByteReader in(bytes);
    const auto detach = read_performative(in);
    ASSERT_TRUE(detach);
    EXPECT_EQ(std::get<Detach>(*detach), (Detach{.handle = 1, .closed = true}));
    EXPECT_TRUE(refused({0x00, 0x53, 0x16, 0xc0, 8, 2, 0x70, 0, 0, 0, 1, 0x56, 2}));
    // A transfer: its tag with four bytes of length.
    bytes = {0x00, 0x53, 0x14, 0xc0, 9, 3, 0x43, 0x43, 0xb0, 0, 0, 0, 1, 't'};
    ByteReader other(bytes);
    const auto transfer = read_performative(other);
    ASSERT_TRUE(transfer);
    EXPECT_EQ(to_text(*std::get<Transfer>(*transfer).delivery_tag), "t");
}

TEST(AmqpPerformative, AFieldOfAnotherTypeIsRefused) {
    // Of an open: max-frame-size and idle-time-out as ulongs, locales as a list, properties too.
    EXPECT_TRUE(refused({0x00, 0x53, 0x10, 0xc0, 6, 3, 0xa1, 1, 'c', 0x40, 0x44}));
    EXPECT_TRUE(
        refused({0x00, 0x53, 0x10, 0xc0, 9, 6, 0xa1, 1, 'c', 0x40, 0x40, 0x40, 0x40, 0x45}));
    EXPECT_TRUE(refused({0x00, 0x53, 0x10, 0xc0, 13, 6, 0xa1, 1, 'c', 0x40, 0x40, 0x40, 0x40, 0xe0,
                         3, 1, 0x50, 7}));  // an array, of ubytes
    EXPECT_TRUE(refused({0x00, 0x53, 0x10, 0xc0, 13, 10, 0xa1, 1, 'c', 0x40, 0x40, 0x40, 0x40, 0x40,
                         0x40, 0x40, 0x40, 0x45}));
    // Of a transfer: the delivery tag as a string.
    EXPECT_TRUE(refused({0x00, 0x53, 0x14, 0xc0, 6, 3, 0x43, 0x43, 0xa1, 1, 't'}));
    // Of a received: the offset as a uint.
    EXPECT_TRUE(refused({0x00, 0x53, 0x15, 0xc0, 13, 5, 0x41, 0x43, 0x43, 0x41, 0x00, 0x53, 0x23,
                         0xc0, 3, 2, 0x43, 0x43}));
}

/// An attach with these descriptors before empty termini.
Bytes attach_between(int source, int target, int last_byte = 0x45) {
    Bytes bytes{0x00, 0x53, 0x12, 0xc0, 0, 7, 0xa1, 1, 'n', 0x43, 0x42, 0x40, 0x40};
    for (const int byte : {0x00, 0x53, source, 0x45, 0x00, 0x53, target, last_byte}) {
        bytes.push_back(static_cast<std::uint8_t>(byte));
    }
    bytes[4] = static_cast<std::uint8_t>(bytes.size() - 5);
    return bytes;
}

TEST(AmqpPerformative, ATerminusOfAnotherKindIsPassedOver) {
    const auto read = [](const Bytes& bytes) {
        ByteReader in(bytes);
        return read_performative(in);
    };
    const auto transacting = read(attach_between(0x28, 0x30));  // to a coordinator
    ASSERT_TRUE(transacting);
    EXPECT_TRUE(std::get<Attach>(*transacting).source);
    EXPECT_FALSE(std::get<Attach>(*transacting).target);
    const auto sourceless = read(attach_between(0x30, 0x29));
    ASSERT_TRUE(sourceless);
    EXPECT_FALSE(std::get<Attach>(*sourceless).source);
    EXPECT_TRUE(std::get<Attach>(*sourceless).target);
    EXPECT_FALSE(read(attach_between(0x28, 0x30, 0x99)));  // of no type
}

TEST(AmqpPerformative, CapabilitiesMayBeOneSymbolWithoutItsArray) {
    const Bytes bytes{0x00, 0x53, 0x10, 0xc0, 14,   8,    0xa1, 1, 'c',
                      0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0xa3, 1, 'x'};
    Bytes sized = bytes;
    sized[4] = static_cast<std::uint8_t>(bytes.size() - 5);
    ByteReader in(sized);
    const auto open = read_performative(in);
    ASSERT_TRUE(open);
    EXPECT_EQ(std::get<Open>(*open).offered_capabilities, std::vector<Symbol>{{"x"}});
}

}  // namespace
}  // namespace restante::amqp
