#include "gateway/websocket/websocket_session.hpp"

#include <gmock/gmock.h>

#include "support/echo_session.hpp"
#include "support/test_hub.hpp"
#include "support/websocket_client.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using test::EchoSession;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WebSocketSessionTest : public test::TestHub {
  protected:
    std::unique_ptr<test::WebSocketClient> connect() {
        return std::make_unique<test::WebSocketClient>(
            std::make_unique<WebSocketSession>(access, std::make_unique<EchoSession>(heard)),
            clock);
    }

    std::shared_ptr<EchoSession::Heard> heard = std::make_shared<EchoSession::Heard>();
};

TEST_F(WebSocketSessionTest, TheInnerSessionTalksAStream) {
    auto client = connect();
    EXPECT_EQ(heard->peer, "192.0.2.7:40112");
    const std::string long_text(100'000, 'x');
    client->send(as_bytes("hello "));
    client->send(as_bytes(long_text));
    EXPECT_EQ(client->read(), "hello " + long_text);
    EXPECT_EQ(heard->bytes, "hello " + long_text);
    client->harness.drop();
    ASSERT_TRUE(heard->closed);
    EXPECT_EQ(heard->closed->message, "the peer closed the connection");
}

TEST_F(WebSocketSessionTest, WorkPostedByTheInnerSessionHasItsOutputFramed) {
    auto client = connect();
    heard->handle.post([] {});
    EXPECT_EQ(client->harness.run_posted(), 1U);
    client->send(as_bytes("x"));
    EXPECT_EQ(client->read(), "x");
}

TEST_F(WebSocketSessionTest, AnInnerEndClosesTheWebSocketAndAwaitsTheAnswer) {
    auto client = connect();
    client->send(as_bytes("bye"));
    EXPECT_FALSE(client->harness.ended());
    client->send(as_bytes("ignored"));
    EXPECT_EQ(client->read(), "bye");
    EXPECT_EQ(client->close_code, 1000);
    EXPECT_EQ(heard->bytes, "bye");
    EXPECT_FALSE(heard->closed);
    client->flush();  // the client's answer
    EXPECT_TRUE(client->harness.ended());
    EXPECT_EQ(heard->closed->code, ErrorCode::cancelled);
}

TEST_F(WebSocketSessionTest, AClientThatDoesNotAnswerTheCloseIsNotWaitedForLong) {
    auto client = connect();
    client->send(as_bytes("bye"));
    client->harness.advance();
    EXPECT_FALSE(client->harness.ended());
    clock.advance(5s);
    client->harness.advance();
    EXPECT_TRUE(client->harness.ended());
    EXPECT_TRUE(heard->closed);
}

TEST_F(WebSocketSessionTest, TheInnerProofCounts) {
    auto client = connect();
    EXPECT_FALSE(client->harness.proved());
    client->send(as_bytes("it is me"));
    EXPECT_TRUE(client->harness.proved());
}

TEST_F(WebSocketSessionTest, TheInnerDeadlineCounts) {
    auto client = connect();
    clock.advance(1min);
    client->harness.advance();
    client->read();
    EXPECT_EQ(client->close_code, 1000);
}

TEST_F(WebSocketSessionTest, APeersCloseIsAnsweredAndTellsTheInnerSession) {
    auto client = connect();
    client->connection.send(as_bytes("last words"));
    client->close(websocket::CloseCode::going_away);
    EXPECT_TRUE(client->harness.ended());
    EXPECT_EQ(heard->bytes, "last words");
    ASSERT_TRUE(heard->closed);
    EXPECT_EQ(*heard->closed,
              Error(ErrorCode::connection_dropped, "the peer closed the WebSocket (1001)"));
    EXPECT_EQ(heard->times_asked, 1) << "it was asked for output that cannot leave";
    EXPECT_THAT(client->harness.output(), ElementsAre(0x88, 2, 0x03, 0xE9));
    EXPECT_THAT(log.of("refused"), IsEmpty());
}

TEST_F(WebSocketSessionTest, APeersFaultIsLogged) {
    auto client = connect();
    client->harness.receive(Bytes{0x81, 0x80, 0, 0, 0, 0});
    EXPECT_TRUE(client->harness.ended());
    EXPECT_THAT(client->harness.output(), ElementsAre(0x88, 2, 0x03, 0xEB));
    EXPECT_THAT(log.of("refused"),
                ElementsAre(HasSubstr("protocol=websocket peer=192.0.2.7:40112 who=\"\" "
                                      "reason=\"a text message; only binary ones are spoken\"")));
    EXPECT_EQ(heard->closed->code, ErrorCode::protocol_error);
}

}  // namespace
}  // namespace restante::gateway
