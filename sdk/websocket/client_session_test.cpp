#include "client_session.hpp"

#include <gmock/gmock.h>

#include <string>

#include "protocol/http/limits.hpp"
#include "support/echo_session.hpp"
#include "support/manual_clock.hpp"
#include "support/session_harness.hpp"

namespace restante::websocket {
namespace {

using namespace std::chrono_literals;
using test::EchoSession;
using testing::HasSubstr;

/// A session of ours on the harness, and the server's end of its WebSocket in the test's hands.
class ClientSessionTest : public testing::Test {
  protected:
    /// Agrees to the opening; `frames` come in the same breath.
    void accept(BytesView frames = {}) {
        Bytes answer = to_bytes(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Protocol: AMQPWSB10\r\n"
            "Sec-WebSocket-Accept: " +
            accept_of(opening.key) + "\r\n\r\n");
        append(answer, frames);
        request = client.take_text();
        client.receive(answer);
    }
    void send(BytesView bytes) {
        server.send(bytes);
        client.receive(server.take_output());
    }
    /// The stream the session sent so far.
    const std::string& read() {
        server.receive(std::exchange(client.output(), {}), clock.now().steady);
        while (auto event = server.next_event()) {
            if (const auto* received = std::get_if<Received>(&*event)) {
                stream += as_text(received->bytes);
            } else if (const auto* closed = std::get_if<Closed>(&*event)) {
                close_code = closed->code;
            } else {
                ADD_FAILURE() << std::get<Failed>(*event).error.message;
            }
        }
        return stream;
    }
    Error reason() const {
        return heard->closed.value_or(
            Error(ErrorCode::server_error, "the inner session hears no end"));
    }

    test::ManualClock clock;
    ClientOpening opening{.host = "hub.example",
                          .target = std::string(hub_target),
                          .subprotocol = std::string(amqp_subprotocol)};
    std::shared_ptr<EchoSession::Heard> heard = std::make_shared<EchoSession::Heard>();
    test::SessionHarness client{
        std::make_unique<ClientSession>(opening, std::make_unique<EchoSession>(heard)), clock};
    Connection server{Role::server};
    std::string request;
    std::string stream;
    std::optional<CloseCode> close_code;
};

TEST_F(ClientSessionTest, AsksForTheStreamAndStartsTheInnerSessionOnceTheServerAgrees) {
    EXPECT_EQ(heard->peer, "");
    accept();
    EXPECT_THAT(request, HasSubstr("GET /$iothub/websocket HTTP/1.1\r\nHost: hub.example\r\n"));
    EXPECT_THAT(request, HasSubstr("Sec-WebSocket-Protocol: AMQPWSB10\r\n"));
    EXPECT_EQ(heard->peer, "192.0.2.7:40112");
    const std::string long_text(100'000, 'x');
    send(as_bytes("hello "));
    send(as_bytes(long_text));
    EXPECT_EQ(read(), "hello " + long_text);
    EXPECT_EQ(heard->bytes, "hello " + long_text);
}

TEST_F(ClientSessionTest, AnAnswerInPiecesWithFramesBehindItLosesNothing) {
    server.send(as_bytes("first"));
    const Bytes frames = server.take_output();
    accept(frames);
    EXPECT_EQ(read(), "first");
}

TEST_F(ClientSessionTest, AnAnswerThatComesByteByByteIsTheSame) {
    server.send(as_bytes("first"));
    const std::string answer =
        "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Protocol: AMQPWSB10\r\nSec-WebSocket-Accept: " +
        accept_of(opening.key) + "\r\n\r\n" + to_text(server.take_output());
    client.take_text();
    for (const char c : answer) client.receive(std::string_view(&c, 1));
    EXPECT_EQ(read(), "first");
}

TEST_F(ClientSessionTest, WorkPostedByTheInnerSessionHasItsOutputFramed) {
    accept();
    heard->handle.post([] {});
    EXPECT_EQ(client.run_posted(), 1U);
    send(as_bytes("x"));
    EXPECT_EQ(read(), "x");
}

TEST_F(ClientSessionTest, ARefusalEndsWithItsStatusAndReason) {
    client.receive("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(reason(), Error(ErrorCode::connection_failed,
                              "the server answered 503 Service Unavailable instead of opening a "
                              "WebSocket"));
    EXPECT_EQ(heard->times_asked, 0) << "it was asked for output that cannot leave";
}

TEST_F(ClientSessionTest, AnAnswerThatIsNoHttpEnds) {
    client.receive("SSH-2.0-OpenSSH\r\n\r\n");
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(reason().code, ErrorCode::malformed);
}

TEST_F(ClientSessionTest, AnAnswerWithoutEndIsNotKept) {
    client.receive("HTTP/1.1 101 OK\r\n");
    const std::string line = "X-Filler: " + std::string(1000, 'x') + "\r\n";
    for (std::size_t sent = 0; sent < 2 * http::head_bytes_max; sent += line.size()) {
        client.receive(line);
    }
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(reason().code, ErrorCode::malformed);
}

TEST_F(ClientSessionTest, AServerThatDoesNotAnswerIsNotWaitedForLong) {
    clock.advance(opening_timeout - 1ms);
    client.advance();
    EXPECT_FALSE(client.ended());
    clock.advance(1ms);
    client.advance();
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(reason().code, ErrorCode::timeout);
}

TEST_F(ClientSessionTest, AServerThatVanishesBeforeItsAnswerIsTold) {
    client.drop();
    EXPECT_EQ(reason(), Error(ErrorCode::connection_dropped, "the peer closed the connection"));
}

TEST_F(ClientSessionTest, AnInnerEndClosesTheWebSocketAndAwaitsTheAnswer) {
    accept();
    send(as_bytes("bye"));
    EXPECT_FALSE(client.ended());
    send(as_bytes("ignored"));
    EXPECT_EQ(read(), "bye");
    EXPECT_EQ(close_code, CloseCode::normal);
    EXPECT_EQ(heard->bytes, "bye");
    client.receive(server.take_output());
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(reason().code, ErrorCode::cancelled);
}

TEST_F(ClientSessionTest, AnInnerEndIsItsOwnHoweverTheServerTakesIt) {
    accept();
    send(as_bytes("bye"));
    client.drop();
    EXPECT_EQ(reason().code, ErrorCode::cancelled);
}

TEST_F(ClientSessionTest, AServerThatDoesNotAnswerTheCloseIsNotWaitedForLong) {
    accept();
    send(as_bytes("bye"));
    client.advance();
    clock.advance(5s);
    client.advance();
    EXPECT_TRUE(client.ended());
}

TEST_F(ClientSessionTest, TheInnerDeadlineCounts) {
    accept();
    clock.advance(1min);
    client.advance();
    read();
    EXPECT_EQ(close_code, CloseCode::normal);
}

TEST_F(ClientSessionTest, TheServersCloseIsAnsweredAndTellsTheInnerSession) {
    accept();
    server.send(as_bytes("last words"));
    server.close(CloseCode::going_away);
    client.receive(server.take_output());
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(heard->bytes, "last words");
    EXPECT_EQ(reason(),
              Error(ErrorCode::connection_dropped, "the server closed the WebSocket (1001)"));
    read();
    EXPECT_TRUE(server.finished()) << "its close was not answered";
}

TEST_F(ClientSessionTest, TheServersFaultTellsTheInnerSession) {
    accept();
    client.receive(Bytes{0x81, 0x00});
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(reason().code, ErrorCode::protocol_error);
}

}  // namespace
}  // namespace restante::websocket
