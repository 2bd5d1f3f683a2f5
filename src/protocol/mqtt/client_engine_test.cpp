#include "protocol/mqtt/client_engine.hpp"

#include <gtest/gtest.h>

#include <string>

#include "protocol/mqtt/server_engine.hpp"
#include "protocol/mqtt/test_bytes.hpp"

namespace restante::mqtt {
namespace {

using namespace std::chrono_literals;
using test::bytes;

class ClientEngineTest : public ::testing::Test {
  protected:
    void receive(std::string_view notation) { engine_.receive(bytes(notation), now_); }

    void start(std::uint16_t keep_alive_seconds = 60) {
        ASSERT_TRUE(engine_.connect(
            {.client_id = "c", .keep_alive_seconds = keep_alive_seconds, .clean_session = true},
            now_));
        static_cast<void>(engine_.take_output());
    }

    void connect(std::uint16_t keep_alive_seconds = 60) {
        start(keep_alive_seconds);
        receive("20 02 00 00");
        ASSERT_TRUE(next<Connected>());
    }

    template <class T>
    std::optional<T> next() {
        auto event = engine_.next_event();
        if (!event || !std::holds_alternative<T>(*event)) return std::nullopt;
        return std::get<T>(*std::move(event));
    }

    std::string failure() {
        const auto failed = next<Failed>();
        EXPECT_TRUE(engine_.finished());
        EXPECT_FALSE(engine_.next_event());
        EXPECT_FALSE(engine_.next_deadline());
        return failed ? failed->error.message : "none";
    }

    void advance(Milliseconds by) {
        now_ += by;
        engine_.advance(now_);
    }

    SteadyTime now_{1h};
    ClientEngine engine_;
};

TEST_F(ClientEngineTest, ConnectsAndReportsAPresentSession) {
    ASSERT_TRUE(engine_.connect({.client_id = "c", .keep_alive_seconds = 60}, now_));
    EXPECT_EQ(engine_.take_output(), bytes("10 0d 0004 'MQTT' 04 00 003c 0001 'c'"));
    receive("20 02 01 00");
    const auto connected = next<Connected>();
    ASSERT_TRUE(connected);
    EXPECT_TRUE(connected->session_present);
}

TEST_F(ClientEngineTest, ConnectThatCannotBeSentIsAnError) {
    const auto refused = engine_.connect({.client_id = std::string(70'000, 'c')}, now_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::argument_invalid);
}

TEST_F(ClientEngineTest, RefusalIsTheLastEvent) {
    start();
    receive("20 02 00 05");
    const auto refused = next<Refused>();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->return_code, ConnectReturnCode::not_authorized);
    EXPECT_TRUE(engine_.finished());
}

TEST_F(ClientEngineTest, RequestsAndAnswersBelongTogether) {
    connect();
    EXPECT_EQ(engine_.subscribe({{.filter = "a/#", .qos = QoS::at_least_once}}), PacketId{1});
    EXPECT_EQ(engine_.unsubscribe({"b"}), PacketId{2});
    EXPECT_EQ(engine_.publish({.topic = "t", .qos = QoS::at_least_once}), PacketId{3});
    EXPECT_EQ(engine_.take_output(),
              bytes("82 08 0001 0003 'a/#' 01 a2 05 0002 0001 'b' 32 05 0001 't' 0003"));
    EXPECT_EQ(engine_.in_flight(), 1U);
    receive("40 02 0001 90 03 0001 01 b0 02 0002 40 02 0003");  // the first: of another kind
    const auto subscribed = next<Subscribed>();
    ASSERT_TRUE(subscribed);
    EXPECT_EQ(subscribed->packet_id, 1);
    EXPECT_EQ(subscribed->codes, Bytes{1});
    const auto unsubscribed = next<Unsubscribed>();
    ASSERT_TRUE(unsubscribed);
    EXPECT_EQ(unsubscribed->packet_id, 2);
    const auto acknowledged = next<Acknowledged>();
    ASSERT_TRUE(acknowledged);
    EXPECT_EQ(acknowledged->packet_id, 3);
    EXPECT_EQ(engine_.in_flight(), 0U);
}

TEST_F(ClientEngineTest, SubackMustHaveACodeForEachFilter) {  // MQTT-3.8.4-5
    connect();
    ASSERT_TRUE(engine_.subscribe({{.filter = "a"}, {.filter = "b"}}));
    receive("90 03 0001 00");
    EXPECT_EQ(failure(), "SUBACK has 1 codes for 2 filters");
}

TEST_F(ClientEngineTest, UnexpectedAnswersAreIgnored) {
    connect();
    receive("40 02 0001 90 03 0002 01 b0 02 0003 d0 00");
    EXPECT_FALSE(engine_.next_event());
    EXPECT_FALSE(engine_.finished());
}

TEST_F(ClientEngineTest, MessagesAreReportedAndAcknowledged) {
    connect();
    receive("32 07 0001 'a' 0009 'hi' 30 03 0001 'b'");
    const auto first = next<MessageReceived>();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->publish.payload, bytes("'hi'"));
    engine_.acknowledge(first->publish.packet_id);
    const auto second = next<MessageReceived>();
    ASSERT_TRUE(second);
    engine_.acknowledge(second->publish.packet_id);
    EXPECT_EQ(engine_.take_output(), bytes("40 02 0009"));
}

TEST_F(ClientEngineTest, FaultsOfTheServerEndTheConversation) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"20 02 00 00", "CONNACK without CONNECT"},
        {"c0 00", "a packet that only a client sends"},
        {"82 06 0001 0001 'a' 01", "a packet that only a client sends"},
        {"34 05 0001 'a' 0001", "PUBLISH with QoS 2, which is not supported"},
        {"20 02 00 06", "CONNACK has reserved return code 6"},
        {"30 81 80 10", "PUBLISH of 262145 bytes exceeds the limit of 262144"},
    };
    for (const auto& [packet, reason] : rows) {
        engine_ = ClientEngine();
        connect();
        receive(packet);
        EXPECT_EQ(failure(), reason);
    }
}

TEST_F(ClientEngineTest, FirstPacketMustBeConnack) {  // MQTT-3.2.0-1
    start();
    receive("30 03 0001 'a'");
    EXPECT_EQ(failure(), "another packet before CONNACK");
}

TEST_F(ClientEngineTest, VerbsNeedAConnection) {
    EXPECT_FALSE(engine_.publish({.topic = "a"}));
    start();
    EXPECT_FALSE(engine_.subscribe({{.filter = "a"}}));
    const auto refused = engine_.unsubscribe({"a"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::connection_dropped);
    EXPECT_TRUE(engine_.take_output().empty());
}

TEST_F(ClientEngineTest, DisconnectSaysGoodByeAndEnds) {
    connect();
    engine_.disconnect();
    EXPECT_EQ(engine_.take_output(), bytes("e0 00"));
    EXPECT_TRUE(engine_.finished());
    receive("30 03 0001 'a'");
    EXPECT_FALSE(engine_.next_event());
}

TEST_F(ClientEngineTest, ConnackMustComeInTime) {
    start();
    EXPECT_EQ(engine_.next_deadline(), now_ + 60s);
    advance(60s);
    EXPECT_EQ(failure(), "no answer to CONNECT within 60s");
}

TEST_F(ClientEngineTest, PingsAfterAKeepAliveOfSilence) {
    connect();
    EXPECT_EQ(engine_.next_deadline(), now_ + 60s);
    advance(59s);
    EXPECT_TRUE(engine_.take_output().empty());
    advance(1s);
    EXPECT_EQ(engine_.take_output(), bytes("c0 00"));
    EXPECT_EQ(engine_.next_deadline(), now_ + 30s);
    advance(29s);
    receive("d0 00");
    EXPECT_FALSE(engine_.next_event());
    EXPECT_EQ(engine_.next_deadline(), now_ + 31s) << "a keep-alive after the PINGREQ";
}

TEST_F(ClientEngineTest, DeadConnectionIsNoticedByAMissingAnswer) {
    connect();
    advance(60s);
    advance(30s);
    EXPECT_EQ(failure(), "no answer to PINGREQ within 30s");
}

TEST_F(ClientEngineTest, AnyByteProvesTheServerAlive) {
    connect();
    advance(60s);
    advance(29s);
    receive("30");
    advance(1s);
    EXPECT_FALSE(engine_.finished());
}

TEST_F(ClientEngineTest, DeadConnectionIsNoticedEvenByAClientThatOnlySends) {
    connect();
    for (int i = 0; i < 6; ++i) {
        advance(10s);
        ASSERT_TRUE(engine_.publish({.topic = "telemetry"}));
    }
    advance(0s);
    EXPECT_EQ(engine_.take_output().size(), 6 * 13 + 2U);
    EXPECT_EQ(engine_.next_deadline(), now_ + 30s);
}

TEST_F(ClientEngineTest, RefusedMessageDoesNotPostponeThePing) {
    connect();
    advance(50s);
    receive("d0 00");
    EXPECT_FALSE(engine_.next_event());
    EXPECT_FALSE(engine_.publish({.topic = "#"}));
    EXPECT_EQ(engine_.next_deadline(), now_ + 10s);
}

TEST_F(ClientEngineTest, TimeForAPingIsBoundedBothWays) {
    connect(1);
    advance(1s);
    EXPECT_EQ(engine_.next_deadline(), now_ + 1s) << "pings go on while one is unanswered";
    for (int i = 0; i < 4; ++i) advance(1s);
    EXPECT_EQ(engine_.take_output(), bytes("c000 c000 c000 c000 c000"));
    advance(1s);
    EXPECT_EQ(failure(), "no answer to PINGREQ within 5s");
    engine_ = ClientEngine();
    connect(1000);
    advance(1000s);
    EXPECT_EQ(engine_.next_deadline(), now_ + 60s);
}

TEST_F(ClientEngineTest, KeepAlive0NeverPings) {
    connect(0);
    EXPECT_FALSE(engine_.next_deadline());
    advance(24h);
    EXPECT_TRUE(engine_.take_output().empty());
}

/// Client and server joined back to back; the server grants and acknowledges everything and sends
/// each message back.
class ConversationTest : public ::testing::Test {
  protected:
    /// Carries bytes until both are silent; what the client reports goes to `heard_`.
    void run() {
        while (true) {
            const Bytes to_server = client_.take_output();
            const Bytes to_client = server_.take_output();
            if (to_server.empty() && to_client.empty()) return;
            server_.receive(to_server, now_);
            while (auto event = server_.next_event()) std::visit(*this, *event);
            client_.receive(to_client, now_);
            while (auto event = client_.next_event()) heard_.push_back(*std::move(event));
        }
    }

    void advance(Milliseconds by) {
        for (const SteadyTime end = now_ + by; now_ < end; now_ += 100ms) {
            client_.advance(now_);
            server_.advance(now_);
            run();
        }
    }

    template <class T>
    bool heard(std::size_t index) const {
        return index < heard_.size() && std::holds_alternative<T>(heard_[index]);
    }

  public:
    void operator()(const ConnectRequested&) { server_.accept(false); }
    void operator()(const SubscribeRequested& event) {
        server_.subscribe_answer(event.packet_id, Bytes(event.subscriptions.size(), 1));
    }
    void operator()(const UnsubscribeRequested& event) {
        server_.unsubscribe_answer(event.packet_id);
    }
    void operator()(const PublishReceived& event) {
        server_.acknowledge(event.publish.packet_id);
        Publish echo = event.publish;
        echo.packet_id = 0;
        EXPECT_TRUE(server_.publish(std::move(echo)));
    }
    void operator()(const Acknowledged&) { ++acknowledged_; }
    void operator()(const Disconnected&) { disconnected_ = true; }
    void operator()(const Failed& event) { ADD_FAILURE() << event.error.message; }

  protected:
    SteadyTime now_{1h};
    ClientEngine client_;
    ServerEngine server_{ServerLimits{}, now_};
    std::vector<ClientEngine::Event> heard_;
    int acknowledged_ = 0;
    bool disconnected_ = false;
};

TEST_F(ConversationTest, MessageGoesThereAndBack) {
    ASSERT_TRUE(client_.connect({.client_id = "c", .keep_alive_seconds = 60}, now_));
    run();
    ASSERT_TRUE(heard<Connected>(0));
    ASSERT_TRUE(client_.subscribe({{.filter = "a", .qos = QoS::at_least_once}}));
    run();
    ASSERT_TRUE(heard<Subscribed>(1));
    ASSERT_TRUE(client_.publish({.topic = "a", .payload = {1}, .qos = QoS::at_least_once}));
    run();
    ASSERT_TRUE(heard<Acknowledged>(2));
    ASSERT_TRUE(heard<MessageReceived>(3));
    EXPECT_EQ(server_.in_flight(), 1U);
    const auto& message = std::get<MessageReceived>(heard_[3]).publish;
    EXPECT_EQ(message.payload, Bytes{1});
    client_.acknowledge(message.packet_id);
    ASSERT_TRUE(client_.unsubscribe({"a"}));
    run();
    EXPECT_EQ(acknowledged_, 1);
    EXPECT_EQ(server_.in_flight(), 0U);
    EXPECT_TRUE(heard<Unsubscribed>(4));
    client_.disconnect();
    run();
    EXPECT_TRUE(disconnected_);
}

TEST_F(ConversationTest, PingsKeepAnIdleConnectionAlive) {
    for (const std::uint16_t keep_alive : std::initializer_list<std::uint16_t>{1, 10, 1740}) {
        client_ = ClientEngine();
        server_ = ServerEngine(ServerLimits{}, now_);
        ASSERT_TRUE(client_.connect({.client_id = "c", .keep_alive_seconds = keep_alive}, now_));
        run();
        advance(keep_alive * 5s);
        EXPECT_FALSE(client_.finished() || server_.finished()) << keep_alive;
    }
}

TEST_F(ClientEngineTest, BytesThatNobodyHandlesAreNotCollectedForEver) {
    connect();
    const Bytes chunk(ClientLimits{}.packet_bytes_max, 0xd0);
    engine_.receive(chunk, now_);
    engine_.receive(chunk, now_);
    EXPECT_FALSE(engine_.finished());
    engine_.receive(chunk, now_);
    EXPECT_EQ(failure(), "more bytes than could be handled in time");
}

}  // namespace
}  // namespace restante::mqtt
