#include "gateway/http/routes/websocket.hpp"

#include <gmock/gmock.h>

#include "support/echo_session.hpp"
#include "support/rest_test.hpp"
#include "support/websocket_client.hpp"

namespace restante::gateway {
namespace {

using test::EchoSession;
using test::Reply;
using test::WebSocketClient;
using testing::ElementsAre;
using testing::HasSubstr;

class WebSocketRouteTest : public test::RestTest {
  protected:
    WebSocketRouteTest() {
        websockets.push_back({"mqtt", [this] { return std::make_unique<EchoSession>(mqtt); }});
        websockets.push_back({"AMQPWSB10", [this] { return std::make_unique<EchoSession>(amqp); }});
    }

    std::unique_ptr<WebSocketClient> connect() {
        return std::make_unique<WebSocketClient>(std::make_unique<HttpSession>(access, websockets),
                                                 clock);
    }
    static http::Headers headers(std::string_view protocols, std::string_view version = "13") {
        http::Headers all{{"Upgrade", "websocket"},
                          {"Connection", "Upgrade"},
                          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                          {"Sec-WebSocket-Version", std::string(version)}};
        if (!protocols.empty()) all.add("Sec-WebSocket-Protocol", std::string(protocols));
        return all;
    }

    std::shared_ptr<EchoSession::Heard> mqtt = std::make_shared<EchoSession::Heard>();
    std::shared_ptr<EchoSession::Heard> amqp = std::make_shared<EchoSession::Heard>();
};

TEST_F(WebSocketRouteTest, OpensAtEveryPathThatClientsUse) {
    for (const std::string_view path :
         {"/$iothub/websocket", "/$iothub/websocket/",
          "/$iothub/websocket?iothub-no-client-cert=true", "/%24iothub/websocket",
          "/$servicebus/websocket", "/$servicebus/websocket/", "/%24servicebus/websocket/?a=b"}) {
        auto client = connect();
        EXPECT_TRUE(client->open(path, "AMQPWSB10")) << path;
        client->send(as_bytes("AMQP"));
        EXPECT_EQ(client->read(), "AMQP") << path;
    }
    EXPECT_EQ(amqp->bytes, "AMQPAMQPAMQPAMQPAMQPAMQPAMQP");
    EXPECT_EQ(mqtt->bytes, "");
    EXPECT_FALSE(connect()->open("/$iothub/elsewhere", "mqtt"));
}

TEST_F(WebSocketRouteTest, AnswersInTheStandardsWordsAndTheClientsSpelling) {
    Client client(*this);
    client.harness.receive(request("GET /$iothub/websocket", "", {}, headers("none, MQTT")));
    EXPECT_EQ(client.harness.take_text(),
              "HTTP/1.1 101 Switching Protocols\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
              "Sec-WebSocket-Protocol: MQTT\r\n"
              "\r\n");
    EXPECT_EQ(mqtt->peer, "192.0.2.7:40112");
}

TEST_F(WebSocketRouteTest, FramesSentBehindTheRequestAreHeard) {
    Client client(*this);
    const std::string frame("\x82\x81\0\0\0\0x", 7);
    client.harness.receive(request("GET /$iothub/websocket", "", {}, headers("mqtt")) + frame);
    EXPECT_THAT(client.harness.take_text(), testing::EndsWith("\r\n\r\n\x82\x01x"));
}

TEST_F(WebSocketRouteTest, AConnectionThatServedRequestsMayBecomeOne) {
    auto client = connect();
    client->harness.receive(request("GET /devices", policy_token("iothubowner")));
    ASSERT_TRUE(client->harness.wait_until([&] { return !client->harness.output().empty(); }));
    client->harness.output().clear();
    EXPECT_TRUE(client->open("/$iothub/websocket", "mqtt"));
    client->send(as_bytes("bye"));
    EXPECT_EQ(client->read(), "bye");
    client->flush();
    EXPECT_TRUE(client->harness.ended());
    EXPECT_EQ(mqtt->closed->code, ErrorCode::cancelled);
}

TEST_F(WebSocketRouteTest, TheWebSocketsDeadlinesAreTheConnections) {
    auto client = connect();
    ASSERT_TRUE(client->open("/$iothub/websocket", "mqtt"));
    clock.advance(std::chrono::seconds{59});
    client->harness.advance();
    client->read();
    EXPECT_EQ(client->close_code, 0);
    clock.advance(std::chrono::seconds{1});
    client->harness.advance();
    client->read();
    EXPECT_EQ(client->close_code, 1000);
}

TEST_F(WebSocketRouteTest, NamesTheSubprotocolsOfferedAndSpoken) {
    const Reply other = call("GET /$iothub/websocket", "", {}, headers("mqttv5, chat"));
    expect_error(other, 400, "ArgumentInvalid",
                 "Sec-WebSocket-Protocol offers mqttv5, chat; this hub speaks mqtt, AMQPWSB10");
    const Reply none = call("GET /$iothub/websocket", "", {}, headers(""));
    expect_error(none, 400, "ArgumentInvalid",
                 "Sec-WebSocket-Protocol offers nothing; this hub speaks mqtt, AMQPWSB10");
    EXPECT_THAT(
        log.of("refused"),
        ElementsAre(HasSubstr("protocol=websocket peer=192.0.2.7:40112 who=\"\" "
                              "reason=\"Sec-WebSocket-Protocol offers mqttv5, chat; this hub "
                              "speaks mqtt, AMQPWSB10 (GET /$iothub/websocket, request id " +
                              other.header("x-ms-request-id")),
                    HasSubstr("offers nothing")));
}

TEST_F(WebSocketRouteTest, TellsWhoDoesNotUpgradeTo) {
    Client client(*this);
    client.harness.receive(request("GET /$iothub/websocket", ""));
    const Reply plain = client.read();
    expect_error(plain, 426, "ArgumentInvalid",
                 "a WebSocket is opened here: GET with 'Upgrade: websocket' and "
                 "'Connection: Upgrade'");
    EXPECT_EQ(plain.header("Upgrade"), "websocket");
    client.harness.receive(request("GET /$iothub/websocket", "", {}, headers("mqtt", "8")));
    const Reply old = client.read();
    expect_error(old, 426, "ArgumentInvalid", "Sec-WebSocket-Version has to be 13");
    EXPECT_EQ(old.header("Sec-WebSocket-Version"), "13");
    EXPECT_EQ(call("POST /$iothub/websocket", policy_token("iothubowner")).status, 405);
}

}  // namespace
}  // namespace restante::gateway
