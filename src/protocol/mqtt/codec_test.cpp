#include "protocol/mqtt/codec.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "protocol/mqtt/test_bytes.hpp"

namespace restante::mqtt {
namespace {

using test::bytes;

constexpr std::size_t limit = 262'144;

Result<Packet> decode_all(BytesView input) {
    const auto frame = parse_frame(input, limit);
    if (!frame) return std::unexpected(frame.error());
    if (!*frame) return fail(ErrorCode::argument_invalid, "incomplete");
    if ((*frame)->size != input.size()) return fail(ErrorCode::argument_invalid, "more");
    return decode(**frame);
}

std::string fault(std::string_view notation) {
    const auto packet = decode_all(bytes(notation));
    return packet ? "none" : packet.error().message;
}

/// Both directions: these bytes are this packet.
template <class T>
void expect_same(const T& packet, std::string_view notation) {
    const Bytes wire = bytes(notation);
    const auto decoded = decode_all(wire);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, Packet(packet));
    Bytes out;
    ASSERT_TRUE(encode(packet, out));
    EXPECT_EQ(out, wire);
}

template <class T>
std::string encode_fault(const T& packet) {
    Bytes out{0x55};
    const auto encoded = encode(packet, out);
    EXPECT_EQ(out, Bytes{0x55}) << "a packet in error leaves the output as it was";
    return encoded ? "none" : encoded.error().message;
}

TEST(Codec, EachPacketHasTheBytesOfTheSpecification) {
    expect_same(ConnAck{.session_present = true}, "20 02 01 00");
    expect_same(ConnAck{.return_code = ConnectReturnCode::not_authorized}, "20 02 00 05");
    expect_same(Publish{.topic = "a/b", .packet_id = 10, .qos = QoS::at_least_once},
                "32 07 0003 'a/b' 000a");  // figure 3.11
    expect_same(Publish{.topic = "a", .payload = bytes("'hi'"), .retain = true},
                "31 05 0001 'a' 'hi'");
    expect_same(
        Publish{.topic = "a", .packet_id = 1, .qos = QoS::exactly_once, .dup = true, .retain = {}},
        "3c 05 0001 'a' 0001");
    expect_same(PubAck{.packet_id = 0x1234}, "40 02 1234");
    expect_same(Subscribe{.packet_id = 10,
                          .subscriptions = {{.filter = "a/b", .qos = QoS::at_least_once},
                                            {.filter = "c/d", .qos = QoS::exactly_once}}},
                "82 0e 000a 0003 'a/b' 01 0003 'c/d' 02");  // figure 3.23
    expect_same(SubAck{.packet_id = 10, .codes = {0, 2, 0x80}}, "90 05 000a 00 02 80");
    expect_same(Unsubscribe{.packet_id = 10, .filters = {"a/b", "c/d"}},
                "a2 0c 000a 0003 'a/b' 0003 'c/d'");  // figure 3.30
    expect_same(UnsubAck{.packet_id = 10}, "b0 02 000a");
    expect_same(PingReq{}, "c0 00");
    expect_same(PingResp{}, "d0 00");
    expect_same(Disconnect{}, "e0 00");
}

TEST(Codec, ConnectCarriesEveryField) {
    expect_same(Connect{.client_id = "c",
                        .user_name = "u",
                        .password = bytes("00 ff"),
                        .will = Will{.topic = "w/t",
                                     .payload = bytes("'m'"),
                                     .qos = QoS::at_least_once,
                                     .retain = true},
                        .keep_alive_seconds = 10,
                        .clean_session = true},
                "10 1c 0004 'MQTT' 04 ee 000a 0001 'c' 0003 'w/t' 0001 'm' 0001 'u' 0002 00ff");
    expect_same(Connect{.client_id = {}, .clean_session = true},
                "10 0c 0004 'MQTT' 04 02 0000 0000");
}

TEST(Codec, ConnectOfThePythonClientIsRead) {
    const std::string user =
        "localhost/Device-1/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py"
        "%2F2.14.0%283.11.2%3BLinux%20%231%20SMP%20PREEMPT_DYNAMIC%20%400%3Bx86_64%29";
    const std::string token =
        "SharedAccessSignature sr=localhost%2Fdevices%2FDevice-1"
        "&sig=bmFUtDAnh765vY6aKUBj3pm4WttRsXzp%2F870Crjb7n8%3D&se=1795428407";
    Bytes wire = bytes("10 b402 0004 4d515454 04 c0 003c 0008 'Device-1' 00a2");
    append(wire, user);
    append(wire, bytes("007a"));
    append(wire, token);
    const auto packet = decode_all(wire);
    ASSERT_TRUE(packet) << packet.error().message;
    const Connect expected{.client_id = "Device-1",
                           .user_name = user,
                           .password = to_bytes(token),
                           .keep_alive_seconds = 60};
    EXPECT_EQ(*packet, Packet(expected));
    Bytes out;
    ASSERT_TRUE(encode(expected, out));
    EXPECT_EQ(out, wire);
}

TEST(Codec, SubscribeOfThePythonClientIsRead) {
    expect_same(Subscribe{.packet_id = 1,
                          .subscriptions = {{.filter = "devices/Device-1/messages/devicebound/#",
                                             .qos = QoS::at_least_once}}},
                "82 2c 0001 0027 'devices/Device-1/messages/devicebound/#' 01");
}

// MQTT 2.2.3, table 2.4.
TEST(Codec, RemainingLengthTakesOneToFourBytes) {
    const std::size_t any = std::numeric_limits<std::size_t>::max();
    const std::pair<std::size_t, std::string_view> rows[] = {
        {0, "30 00"},
        {127, "30 7f"},
        {128, "30 80 01"},
        {16'383, "30 ff 7f"},
        {16'384, "30 80 80 01"},
        {2'097'151, "30 ff ff 7f"},
        {2'097'152, "30 80 80 80 01"},
    };
    for (const auto& [length, notation] : rows) {
        Bytes input = bytes(notation);
        const std::size_t header = input.size();
        input.resize(header + length);
        const auto frame = parse_frame(input, any);
        ASSERT_TRUE(frame && *frame) << notation;
        EXPECT_EQ((*frame)->body.size(), length);
        input.pop_back();
        const auto partial = parse_frame(input, any);
        ASSERT_TRUE(partial);
        EXPECT_FALSE(*partial) << notation;
    }
    EXPECT_EQ(fault("30 ff ff ff 80"), "remaining length has more than four bytes");
    EXPECT_EQ(fault("30 ff ff ff ff 01"), "remaining length has more than four bytes");
}

TEST(Codec, EncodedLengthGrowsWithThePayload) {
    for (const std::size_t payload : {124U, 125U, 16'380U, 16'381U, 100'000U}) {
        const Publish packet{.topic = "a", .payload = Bytes(payload, 7)};
        Bytes out;
        ASSERT_TRUE(encode(packet, out));
        const auto decoded = decode_all(out);
        ASSERT_TRUE(decoded) << payload;
        EXPECT_EQ(*decoded, Packet(packet));
    }
}

TEST(Codec, PacketBeyondTheLimitIsRefusedFromItsHeader) {
    const auto at_limit = parse_frame(bytes("30 80 80 10"), 262'144);
    ASSERT_TRUE(at_limit);
    EXPECT_FALSE(*at_limit);
    const auto beyond = parse_frame(bytes("30 81 80 10"), 262'144);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, ErrorCode::protocol_error);
    EXPECT_EQ(beyond.error().message, "PUBLISH of 262145 bytes exceeds the limit of 262144");
}

TEST(Codec, HeaderFlagsMustBeTheRequiredOnes) {  // MQTT-2.2.2-2
    for (const unsigned type : {1U, 2U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U, 13U, 14U}) {
        for (unsigned flags = 0; flags < 16; ++flags) {
            const bool request = type == 6 || type == 8 || type == 10;
            const Bytes input{static_cast<std::uint8_t>(type << 4 | flags)};
            EXPECT_EQ(parse_frame(input, limit).has_value(), flags == (request ? 2U : 0U))
                << type << " " << flags;
        }
    }
    EXPECT_EQ(fault("c1 00"), "PINGREQ has header flags 1 where 0 are required");
}

TEST(Codec, ReservedPacketTypesAreRefused) {
    EXPECT_EQ(fault("00 00"), "packet type 0 is reserved");
    EXPECT_EQ(fault("f0 00"), "packet type 15 is reserved");
}

TEST(Codec, PacketsOfQos2AreRefusedByName) {
    EXPECT_EQ(fault("50 02 0001"), "PUBREC belongs to QoS 2, which is not supported");
    EXPECT_EQ(fault("62 02 0001"), "PUBREL belongs to QoS 2, which is not supported");
    EXPECT_EQ(fault("70 02 0001"), "PUBCOMP belongs to QoS 2, which is not supported");
}

TEST(Codec, PublishFaultsAreNamed) {
    EXPECT_EQ(fault("36 05 0001 'a' 0001"), "PUBLISH has QoS 3");               // MQTT-3.3.1-4
    EXPECT_EQ(fault("38 03 0001 'a'"), "PUBLISH has DUP set with QoS 0");       // MQTT-3.3.1-2
    EXPECT_EQ(fault("32 05 0001 'a' 0000"), "PUBLISH has packet id 0");         // MQTT-2.3.1-1
    EXPECT_EQ(fault("30 02 0000"), "PUBLISH topic is empty");                   // MQTT-4.7.3-1
    EXPECT_EQ(fault("30 05 0003 'a/+'"), "PUBLISH topic contains a wildcard");  // MQTT-3.3.2-2
    EXPECT_EQ(fault("30 03 0001 '#'"), "PUBLISH topic contains a wildcard");
    EXPECT_EQ(fault("30 04 0003 'a/'"), "PUBLISH topic runs past the end of the packet");
    EXPECT_EQ(fault("30 01 00"), "PUBLISH topic runs past the end of the packet");
    EXPECT_EQ(fault("32 03 0001 'a'"), "PUBLISH ends too early");
}

TEST(Codec, TextIsUtf8WithoutNull) {
    EXPECT_EQ(fault("30 03 0001 ff"), "PUBLISH topic is not valid UTF-8");       // 1.5.3-1
    EXPECT_EQ(fault("30 05 0003 eda080"), "PUBLISH topic is not valid UTF-8");   // surrogate
    EXPECT_EQ(fault("30 05 0003 'a' 00 'b'"), "PUBLISH topic contains U+0000");  // 1.5.3-2
    EXPECT_EQ(fault("30 04 0002 c080"), "PUBLISH topic is not valid UTF-8");     // overlong
    EXPECT_EQ(fault("30 05 0003 efbbbf"), "none");  // U+FEFF is a character [MQTT-1.5.3-3]
}

TEST(Codec, ConnectFaultsAreNamed) {
    const std::string rest = " 003c 0001 'c'";
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 04 03" + rest), "CONNECT has reserved flag set");
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 04 1e" + rest), "CONNECT has will QoS 3");
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 04 0a" + rest), "CONNECT has a will QoS without a will");
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 04 22" + rest),
              "CONNECT has will retain set without a will");
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 04 42" + rest),
              "CONNECT has a password without a user name");
    EXPECT_EQ(fault("10 0d 0004 'MQTX' 04 02" + rest),
              "CONNECT has a protocol name other than MQTT");
    EXPECT_EQ(fault("10 0f 0006 'MQIsdp' 03 02" + rest),
              "CONNECT has a protocol name other than MQTT");
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 05 02" + rest),
              "CONNECT asks for protocol level 5; only level 4 (MQTT 3.1.1) is spoken");
    EXPECT_EQ(fault("10 0e 0004 'MQTT' 04 02 003c 0001 'c' 00"),
              "CONNECT has bytes after its last field");
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 04 82" + rest),
              "CONNECT user name runs past the end of the packet");
    EXPECT_EQ(fault("10 0d 0004 'MQTT' 04 02 003c 0001 ff"),
              "CONNECT client id is not valid UTF-8");
    EXPECT_EQ(fault("10 12 0004 'MQTT' 04 06 003c 0001 'c' 0001 '#' 0000"),
              "CONNECT will topic contains a wildcard");
    EXPECT_EQ(fault("10 00"), "CONNECT protocol name runs past the end of the packet");
}

TEST(Codec, ConnackFaultsAreNamed) {
    EXPECT_EQ(fault("20 02 02 00"), "CONNACK has reserved flags set");
    EXPECT_EQ(fault("20 02 00 06"), "CONNACK has reserved return code 6");
    EXPECT_EQ(fault("20 02 01 05"), "CONNACK refuses, yet claims a present session");
    EXPECT_EQ(fault("20 03 00 00 00"), "CONNACK has bytes after its last field");
    EXPECT_EQ(fault("20 01 00"), "CONNACK ends too early");
}

TEST(Codec, SubscriptionFaultsAreNamed) {
    EXPECT_EQ(fault("82 02 0001"), "SUBSCRIBE has no topic filter");          // MQTT-3.8.3-3
    EXPECT_EQ(fault("82 06 0000 0001 'a' 01"), "SUBSCRIBE has packet id 0");  // MQTT-2.3.1-1
    EXPECT_EQ(fault("82 06 0001 0001 'a' 03"),
              "SUBSCRIBE has reserved bits or QoS 3 in a requested QoS");  // MQTT-3-8.3-4
    EXPECT_EQ(fault("82 06 0001 0001 'a' 04"),
              "SUBSCRIBE has reserved bits or QoS 3 in a requested QoS");
    EXPECT_EQ(fault("82 07 0001 0002 'a#' 01"),
              "SUBSCRIBE topic filter has a '#' that is not the whole last level");
    EXPECT_EQ(fault("82 05 0001 0000 01"), "SUBSCRIBE topic filter is empty");
    EXPECT_EQ(fault("82 05 0001 0001 'a'"), "SUBSCRIBE ends too early");
    EXPECT_EQ(fault("90 02 0001"), "SUBACK has no return code");
    EXPECT_EQ(fault("90 03 0001 03"), "SUBACK has reserved return code 3");
    EXPECT_EQ(fault("a2 02 0001"), "UNSUBSCRIBE has no topic filter");  // MQTT-3.10.3-2
    EXPECT_EQ(fault("a2 06 0001 0002 'a+'"),
              "UNSUBSCRIBE topic filter has a '+' that is not a whole level");
}

TEST(Codec, NumberOfFiltersIsBounded) {
    Bytes wire = bytes("82 82 08 0001");  // remaining length 1026: the id and 256 filters of 4
    for (std::size_t i = 0; i < filters_per_packet_max; ++i) append(wire, bytes("0001 'a' 00"));
    EXPECT_TRUE(decode_all(wire));
    wire[1] = 0x86;
    append(wire, bytes("0001 'a' 00"));
    const auto packet = decode_all(wire);
    ASSERT_FALSE(packet);
    EXPECT_EQ(packet.error().message, "SUBSCRIBE has more than 256 topic filters");
    wire = bytes("a2 82 06 0001");  // 770: filters of 3
    for (std::size_t i = 0; i < filters_per_packet_max; ++i) append(wire, bytes("0001 'a'"));
    EXPECT_TRUE(decode_all(wire));
    wire[1] = 0x85;
    append(wire, bytes("0001 'a'"));
    EXPECT_EQ(decode_all(wire).error().message, "UNSUBSCRIBE has more than 256 topic filters");
}

TEST(Codec, AcksAndEmptyPacketsHaveNothingElse) {
    EXPECT_EQ(fault("40 03 0001 00"), "PUBACK has bytes after its last field");
    EXPECT_EQ(fault("40 02 0000"), "PUBACK has packet id 0");
    EXPECT_EQ(fault("b0 01 00"), "UNSUBACK ends too early");
    EXPECT_EQ(fault("c0 01 00"), "PINGREQ has bytes after its last field");
    EXPECT_EQ(fault("d0 01 00"), "PINGRESP has bytes after its last field");
    EXPECT_EQ(fault("e0 01 00"), "DISCONNECT has bytes after its last field");
}

TEST(Codec, EncoderRefusesWhatTheDecoderWould) {
    EXPECT_EQ(encode_fault(Publish{}), "PUBLISH topic is empty");
    EXPECT_EQ(encode_fault(Publish{.topic = std::string(65'536, 'a')}),
              "PUBLISH topic is longer than 65535 bytes");
    EXPECT_EQ(encode_fault(Publish{.topic = "\xff"}), "PUBLISH topic is not valid UTF-8");
    EXPECT_EQ(encode_fault(Publish{.topic = "a", .qos = QoS::at_least_once}),
              "PUBLISH needs a packet id");
    EXPECT_EQ(encode_fault(Publish{.topic = "a", .packet_id = 1}),
              "PUBLISH has a packet id with QoS 0");
    EXPECT_EQ(encode_fault(Publish{.topic = "a", .dup = true}), "PUBLISH has DUP set with QoS 0");
    EXPECT_EQ(encode_fault(Connect{.password = Bytes{}}),
              "CONNECT has a password without a user name");
    EXPECT_EQ(encode_fault(Connect{.will = Will{.topic = "+"}}),
              "CONNECT will topic contains a wildcard");
    EXPECT_EQ(encode_fault(Subscribe{.packet_id = 1}), "SUBSCRIBE has no topic filter");
    EXPECT_EQ(encode_fault(Unsubscribe{.packet_id = 1, .filters = {"a", "#b"}}),
              "UNSUBSCRIBE topic filter has a '#' that is not the whole last level");
    EXPECT_EQ(encode_fault(SubAck{.packet_id = 1, .codes = {7}}),
              "SUBACK has reserved return code 7");
    EXPECT_EQ(encode_fault(ConnAck{.session_present = true,
                                   .return_code = ConnectReturnCode::not_authorized}),
              "CONNACK refuses, yet claims a present session");
    EXPECT_EQ(encode_fault(PubAck{}), "PUBACK needs a packet id");
}

TEST(Codec, ConnectLevelIsKnownWithoutTheRest) {
    const auto level = [](std::string_view notation) {
        const Bytes wire = bytes(notation);
        return connect_level(**parse_frame(wire, limit));
    };
    EXPECT_EQ(level("10 07 0004 'MQTT' 05"), 5);
    EXPECT_EQ(level("10 08 0004 'MQTT' 04 ff"), 4);
    EXPECT_EQ(level("10 09 0006 'MQIsdp' 03"), std::nullopt);
    EXPECT_EQ(level("10 06 0004 'MQTT'"), std::nullopt);
}

}  // namespace
}  // namespace restante::mqtt
