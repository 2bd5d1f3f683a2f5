#include "protocol/mqtt/server_engine.hpp"

#include <gtest/gtest.h>

#include <string>

#include "protocol/mqtt/test_bytes.hpp"

namespace restante::mqtt {
namespace {

using namespace std::chrono_literals;
using test::bytes;

constexpr std::string_view connect_packet = "10 0d 0004 'MQTT' 04 02 003c 0001 'c'";

class ServerEngineTest : public ::testing::Test {
  protected:
    void receive(std::string_view notation) { engine_.receive(bytes(notation), now_); }

    void connect() {
        receive(connect_packet);
        ASSERT_TRUE(next<ConnectRequested>());
        engine_.accept(false);
        ASSERT_EQ(engine_.take_output(), bytes("20 02 00 00"));
    }

    template <class T>
    std::optional<T> next() {
        auto event = engine_.next_event();
        if (!event || !std::holds_alternative<T>(*event)) return std::nullopt;
        return std::get<T>(*std::move(event));
    }

    /// The reason of the failure that must come next and must be the last word.
    std::string failure() {
        const auto failed = next<Failed>();
        EXPECT_TRUE(engine_.finished());
        EXPECT_FALSE(engine_.next_event());
        EXPECT_FALSE(engine_.next_deadline());
        engine_.receive(bytes("c0 00"), now_);
        EXPECT_FALSE(engine_.next_event());
        EXPECT_FALSE(engine_.publish({.topic = "a"}));
        return failed ? failed->error.message : "none";
    }

    SteadyTime now_{1h};
    ServerEngine engine_{ServerLimits{}, now_};
};

TEST_F(ServerEngineTest, ConnectIsReportedAndAnswered) {
    receive("10 18 0004 'MQTT' 04 c0 003c 0001 'c' 0004 'user' 0003 'key'");
    const auto requested = next<ConnectRequested>();
    ASSERT_TRUE(requested);
    EXPECT_EQ(requested->connect.client_id, "c");
    EXPECT_EQ(requested->connect.user_name, "user");
    EXPECT_EQ(requested->connect.password, bytes("'key'"));
    EXPECT_FALSE(engine_.next_event());
    engine_.accept(true);
    EXPECT_EQ(engine_.take_output(), bytes("20 02 01 00"));
    EXPECT_FALSE(engine_.finished());
}

TEST_F(ServerEngineTest, RefusalIsSentAndEndsTheConversation) {
    receive(connect_packet);
    ASSERT_TRUE(next<ConnectRequested>());
    engine_.refuse(ConnectReturnCode::not_authorized);
    EXPECT_TRUE(engine_.finished());
    EXPECT_EQ(engine_.take_output(), bytes("20 02 00 05"));
    EXPECT_FALSE(engine_.next_event());
}

TEST_F(ServerEngineTest, PacketsAreAssembledFromSingleBytes) {
    const Bytes session = bytes(
        "10 0d 0004 'MQTT' 04 02 003c 0001 'c' 82 06 0001 0001 'a' 01 32 07 0001 'b' 0005 'hi'");
    int events = 0;
    for (const std::uint8_t byte : session) {
        engine_.receive({&byte, 1}, now_);
        while (const auto event = engine_.next_event()) {
            ++events;
            if (std::holds_alternative<ConnectRequested>(*event)) engine_.accept(false);
            if (const auto* publish = std::get_if<PublishReceived>(&*event)) {
                EXPECT_EQ(publish->publish, (Publish{.topic = "b",
                                                     .payload = bytes("'hi'"),
                                                     .packet_id = 5,
                                                     .qos = QoS::at_least_once}));
            }
        }
    }
    EXPECT_EQ(events, 3);
}

TEST_F(ServerEngineTest, NothingBehindConnectIsReportedBeforeAccept) {
    receive(std::string(connect_packet) + "c0 00 30 03 0001 'a'");
    ASSERT_TRUE(next<ConnectRequested>());
    EXPECT_FALSE(engine_.next_event());
    EXPECT_TRUE(engine_.take_output().empty());
    engine_.accept(false);
    EXPECT_TRUE(next<PublishReceived>());
    EXPECT_EQ(engine_.take_output(), bytes("20 02 00 00 d0 00"));
}

TEST_F(ServerEngineTest, NothingBehindConnectIsReportedAfterRefusal) {  // MQTT-3.1.4-5
    receive(std::string(connect_packet) + "30 03 0001 'a'");
    ASSERT_TRUE(next<ConnectRequested>());
    engine_.refuse(ConnectReturnCode::server_unavailable);
    EXPECT_FALSE(engine_.next_event());
}

TEST_F(ServerEngineTest, RequestsOfTheClientAreAnswered) {
    connect();
    receive("82 0a 0007 0001 'a' 01 0001 'b' 02 a2 05 0008 0001 'a' 32 05 0001 't' 0009");
    const auto subscribe = next<SubscribeRequested>();
    ASSERT_TRUE(subscribe);
    EXPECT_EQ(subscribe->subscriptions,
              (std::vector<Subscription>{{.filter = "a", .qos = QoS::at_least_once},
                                         {.filter = "b", .qos = QoS::exactly_once}}));
    engine_.subscribe_answer(subscribe->packet_id, {1, subscribe_failure});
    const auto unsubscribe = next<UnsubscribeRequested>();
    ASSERT_TRUE(unsubscribe);
    EXPECT_EQ(unsubscribe->filters, std::vector<std::string>{"a"});
    engine_.unsubscribe_answer(unsubscribe->packet_id);
    const auto published = next<PublishReceived>();
    ASSERT_TRUE(published);
    engine_.acknowledge(published->publish.packet_id);
    EXPECT_EQ(engine_.take_output(), bytes("90 04 0007 01 80 b0 02 0008 40 02 0009"));
}

TEST_F(ServerEngineTest, MessageOfQos0WantsNoAcknowledgement) {
    connect();
    receive("30 03 0001 't'");
    const auto published = next<PublishReceived>();
    ASSERT_TRUE(published);
    engine_.acknowledge(published->publish.packet_id);
    EXPECT_TRUE(engine_.take_output().empty());
}

TEST_F(ServerEngineTest, DisconnectIsTheLastEvent) {
    connect();
    receive("e0 00 30 03 0001 'a'");
    EXPECT_TRUE(next<Disconnected>());
    EXPECT_TRUE(engine_.finished());
    EXPECT_FALSE(engine_.next_event());
}

TEST_F(ServerEngineTest, PublishedMessageIsInFlightUntilItsPuback) {
    connect();
    EXPECT_EQ(engine_.publish({.topic = "a"}), PacketId{0});
    EXPECT_EQ(engine_.in_flight(), 0U);
    EXPECT_EQ(engine_.publish({.topic = "a", .qos = QoS::at_least_once}), PacketId{1});
    EXPECT_EQ(engine_.publish({.topic = "b", .qos = QoS::at_least_once}), PacketId{2});
    EXPECT_EQ(engine_.in_flight(), 2U);
    EXPECT_EQ(engine_.take_output(),
              bytes("30 03 0001 'a' 32 05 0001 'a' 0001 32 05 0001 'b' 0002"));
    receive("40 02 0002");
    const auto acknowledged = next<Acknowledged>();
    ASSERT_TRUE(acknowledged);
    EXPECT_EQ(acknowledged->packet_id, 2);
    EXPECT_EQ(engine_.in_flight(), 1U);
}

TEST_F(ServerEngineTest, UnexpectedPubackIsIgnored) {
    connect();
    receive("40 02 0002");
    EXPECT_FALSE(engine_.next_event());
    EXPECT_FALSE(engine_.finished());
}

TEST_F(ServerEngineTest, WindowBoundsUnacknowledgedMessages) {
    connect();
    const Publish message{.topic = "a", .qos = QoS::at_least_once};
    for (int i = 0; i < 16; ++i) ASSERT_TRUE(engine_.publish(message));
    static_cast<void>(engine_.take_output());
    const auto refused = engine_.publish(message);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::throttled);
    EXPECT_TRUE(engine_.take_output().empty());
    EXPECT_EQ(engine_.publish({.topic = "a"}), PacketId{0}) << "QoS 0 needs no place";
    receive("40 02 0003");
    ASSERT_TRUE(next<Acknowledged>());
    EXPECT_EQ(engine_.publish(message), PacketId{17}) << "a fresh id is not one just freed";
    engine_.release(5);
    EXPECT_EQ(engine_.publish(message), PacketId{18});
    receive("40 02 0005");
    EXPECT_FALSE(engine_.next_event());
}

TEST_F(ServerEngineTest, RedeliveryKeepsItsPacketId) {
    connect();
    const Publish again{.topic = "a", .packet_id = 2, .qos = QoS::at_least_once, .dup = true};
    EXPECT_EQ(engine_.publish(again), PacketId{2});
    EXPECT_EQ(engine_.publish(again), PacketId{2}) << "also while it is in flight";
    EXPECT_EQ(engine_.in_flight(), 1U);
    EXPECT_EQ(engine_.publish({.topic = "b", .qos = QoS::at_least_once}), PacketId{1});
    EXPECT_EQ(engine_.publish({.topic = "b", .qos = QoS::at_least_once}), PacketId{3})
        << "a fresh id skips those in flight";
    EXPECT_EQ(
        engine_.take_output(),
        bytes("3a 05 0001 'a' 0002 3a 05 0001 'a' 0002 32 05 0001 'b' 0001 32 05 0001 'b' 0003"));
}

TEST_F(ServerEngineTest, PacketIdsWrapFrom65535To1) {
    connect();
    for (int i = 1; i <= 65'535; ++i) {
        const auto id = engine_.publish({.topic = "a", .qos = QoS::at_least_once});
        ASSERT_EQ(id, static_cast<PacketId>(i));
        engine_.release(*id);
    }
    EXPECT_EQ(engine_.publish({.topic = "a", .qos = QoS::at_least_once}), PacketId{1});
}

TEST_F(ServerEngineTest, MessageThatCannotBeSentTakesNoPlace) {
    connect();
    const auto refused =
        engine_.publish({.topic = std::string(70'000, 'a'), .qos = QoS::at_least_once});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::argument_invalid);
    EXPECT_FALSE(engine_.publish({.topic = "a", .qos = QoS::exactly_once}));
    EXPECT_EQ(engine_.in_flight(), 0U);
    EXPECT_TRUE(engine_.take_output().empty());
}

TEST_F(ServerEngineTest, OutputQueuedBeforeTheEndIsKept) {
    connect();
    EXPECT_EQ(engine_.publish({.topic = "a"}), PacketId{0});
    engine_.close();
    engine_.acknowledge(4);
    EXPECT_EQ(engine_.take_output(), bytes("30 03 0001 'a'"));
    EXPECT_TRUE(engine_.finished());
    EXPECT_FALSE(engine_.next_event());
}

TEST_F(ServerEngineTest, FirstPacketMustBeConnect) {
    receive("c0 00");
    EXPECT_EQ(failure(), "PINGREQ before CONNECT");
}

TEST_F(ServerEngineTest, AnotherProtocolFailsAtItsFirstByte) {
    receive("'GET / HTTP/1.1'");
    EXPECT_EQ(failure(), "PUBACK has header flags 7 where 0 are required");
}

TEST_F(ServerEngineTest, SecondConnectIsAFault) {
    connect();
    receive(connect_packet);
    EXPECT_EQ(failure(), "a second CONNECT");
}

TEST_F(ServerEngineTest, PacketsOfAServerAreFaults) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"20 02 00 00", "CONNACK from a client"},
        {"90 03 0001 00", "SUBACK from a client"},
        {"b0 02 0001", "UNSUBACK from a client"},
        {"d0 00", "PINGRESP from a client"},
        {"34 05 0001 'a' 0001", "PUBLISH with QoS 2, which is not supported"},
        {"62 02 0001", "PUBREL belongs to QoS 2, which is not supported"},
    };
    for (const auto& [packet, reason] : rows) {
        engine_ = ServerEngine(ServerLimits{}, now_);
        connect();
        receive(packet);
        EXPECT_EQ(failure(), reason);
    }
}

TEST_F(ServerEngineTest, MalformedConnectSaysWhatIsWrongAndGetsNoAnswer) {
    receive("10 0d 0004 'MQTT' 04 03 003c 0001 'c'");
    EXPECT_EQ(failure(), "CONNECT has reserved flag set");
    EXPECT_TRUE(engine_.take_output().empty());
}

TEST_F(ServerEngineTest, OtherProtocolLevelGetsReturnCode1) {  // MQTT-3.1.2-2
    receive("10 0d 0004 'MQTT' 03 02 003c 0001 'c'");
    EXPECT_EQ(failure(), "CONNECT asks for protocol level 3; only level 4 (MQTT 3.1.1) is spoken");
    EXPECT_EQ(engine_.take_output(), bytes("20 02 00 01"));
}

TEST_F(ServerEngineTest, Mqtt5IsRefusedInItsOwnWords) {
    receive("10 0e 0004 'MQTT' 05 02 003c 00 0001 'c'");
    EXPECT_EQ(failure(),
              "CONNECT asks for MQTT 5, protocol level 5; only level 4 (MQTT 3.1.1) is spoken");
    EXPECT_EQ(engine_.take_output(), bytes("20 03 00 84 00"));
}

TEST_F(ServerEngineTest, EmptyClientIdNeedsCleanSession) {  // MQTT-3.1.3-8
    receive("10 0c 0004 'MQTT' 04 00 003c 0000");
    EXPECT_EQ(failure(), "CONNECT has an empty client id without clean session");
    EXPECT_EQ(engine_.take_output(), bytes("20 02 00 02"));
}

TEST_F(ServerEngineTest, StrangerCannotMakeUsHoldMore) {
    receive("10 81 80 01");  // a CONNECT of 16,385 bytes
    EXPECT_EQ(failure(), "CONNECT of 16385 bytes exceeds the limit of 16384");
    engine_ = ServerEngine(ServerLimits{}, now_);
    receive(connect_packet);
    ASSERT_TRUE(next<ConnectRequested>());
    engine_.receive(Bytes(unaccepted_bytes_max, 0x30), now_);
    EXPECT_FALSE(engine_.next_event());
    receive("30");
    EXPECT_EQ(failure(), "more than 16384 bytes before the connection was accepted");
}

TEST_F(ServerEngineTest, PacketBeyondTheLimitIsAFault) {
    connect();
    receive("30 81 80 10");
    EXPECT_EQ(failure(), "PUBLISH of 262145 bytes exceeds the limit of 262144");
}

TEST_F(ServerEngineTest, LargestPacketIsTaken) {
    connect();
    Bytes wire = bytes("30 80 80 10 0001 'a'");
    wire.resize(262'144 + 4, 0x41);
    for (std::size_t at = 0; at < wire.size(); at += 5000) {
        EXPECT_FALSE(engine_.next_event());
        const std::size_t count = std::min<std::size_t>(5000, wire.size() - at);
        engine_.receive(BytesView(wire).subspan(at, count), now_);
    }
    const auto published = next<PublishReceived>();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->publish.payload.size(), 262'141U);
}

TEST_F(ServerEngineTest, OwnerThatTakesNoEventsIsBounded) {
    connect();
    const Bytes publishes(100'000, 0x30);
    for (int i = 0; i < 4; ++i) engine_.receive(publishes, now_);
    EXPECT_EQ(failure(), "more bytes than could be handled in time");
}

TEST_F(ServerEngineTest, ConnectMustComeInTime) {
    EXPECT_EQ(engine_.next_deadline(), now_ + 60s);
    receive("10");
    engine_.advance(now_ + 60s - 1ms);
    EXPECT_FALSE(engine_.next_event());
    engine_.advance(now_ + 60s);
    const auto failed = next<Failed>();
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->error, Error(ErrorCode::timeout, "no CONNECT within 60s"));
}

TEST_F(ServerEngineTest, ConnectMustBeAnsweredInTime) {
    receive(connect_packet);
    ASSERT_TRUE(next<ConnectRequested>());
    engine_.advance(now_ + 60s);
    EXPECT_EQ(failure(), "CONNECT was not answered within 60s");
    engine_.accept(false);
    EXPECT_TRUE(engine_.take_output().empty());
}

TEST_F(ServerEngineTest, SilenceOfOneAndAHalfKeepAlivesIsAFault) {  // MQTT-3.1.2-24
    connect();
    EXPECT_EQ(engine_.next_deadline(), now_ + 90s);
    now_ += 80s;
    receive("c0 00");
    EXPECT_FALSE(engine_.next_event());
    EXPECT_EQ(engine_.take_output(), bytes("d0 00"));
    EXPECT_EQ(engine_.next_deadline(), now_ + 90s);
    engine_.advance(now_ + 89s);
    EXPECT_FALSE(engine_.finished());
    engine_.advance(now_ + 90s);
    EXPECT_EQ(failure(), "no packet for 90s");
}

TEST_F(ServerEngineTest, APacketThatNeverEndsIsSilence) {  // MQTT-3.1.2-24 asks for a packet
    connect();
    receive("30 ff7f");  // of a PUBLISH
    for (int second = 0; second < 89; ++second) {
        now_ += 1s;
        receive("00");
        EXPECT_FALSE(engine_.next_event());
    }
    engine_.advance(now_);
    EXPECT_FALSE(engine_.finished());
    engine_.advance(now_ + 1s);
    EXPECT_EQ(failure(), "no packet for 90s");
}

TEST_F(ServerEngineTest, SilenceIsCappedWhateverTheKeepAlive) {
    const std::pair<std::string_view, Milliseconds> rows[] = {
        {"0000", 1767s}, {"0001", 1500ms}, {"0499", 1765'500ms}, {"049a", 1767s}, {"ffff", 1767s}};
    for (const auto& [keep_alive, silence] : rows) {
        engine_ = ServerEngine(ServerLimits{}, now_);
        receive("10 0d 0004 'MQTT' 04 02 " + std::string(keep_alive) + " 0001 'c'");
        ASSERT_TRUE(next<ConnectRequested>());
        engine_.accept(false);
        EXPECT_EQ(engine_.next_deadline(), now_ + silence) << keep_alive;
    }
}

}  // namespace
}  // namespace restante::mqtt
