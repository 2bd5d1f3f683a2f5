#include "protocol/http/server_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_server.hpp"

namespace restante::http {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Server = test::HttpServer;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(ServerEngine, ReadsARequestWithABody) {
    Server server;
    server.receive(
        "PUT /devices/dev1?api-version=2021-04-12 HTTP/1.1\r\nHost: hub.localhost\r\n"
        "Authorization:SharedAccessSignature sr=x\r\nX-Empty:\r\nContent-Length: 4 \r\n\r\nbody");
    ASSERT_EQ(server.requests.size(), 1U);
    const Request& request = server.requests[0];
    EXPECT_EQ(request.method, "PUT");
    EXPECT_EQ(request.target, "/devices/dev1?api-version=2021-04-12");
    EXPECT_EQ(request.headers.find("AUTHORIZATION"), "SharedAccessSignature sr=x");
    EXPECT_EQ(request.headers.find("x-empty"), "");
    EXPECT_EQ(request.headers.find("absent"), std::nullopt);
    EXPECT_EQ(request.headers.begin()->name, "Host");
    EXPECT_EQ(as_text(request.body), "body");
    EXPECT_EQ(server.output(), "");
}

TEST(ServerEngine, AnswersWithTheCallersFieldsAndALength) {
    Server server;
    server.receive(get);
    server.respond({.status = 404, .headers = {{"iothub-errorcode", "X"}}, .body = to_bytes("{}")});
    EXPECT_EQ(server.output(),
              "HTTP/1.1 404 Not Found\r\niothub-errorcode: X\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_FALSE(server.engine.finished());
    server.receive(get);
    server.respond({.status = 204});
    EXPECT_EQ(server.output(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(ServerEngine, LetsNoValueStartALineOrSetTheLength) {
    Server server;
    server.receive(get);
    server.respond({.headers = {{"iothub-app-x", std::string("a\r\nSet-Cookie: b\0c", 18)},
                                {"bad name", "v"},
                                {"", "v"},
                                {"Content-Length", "99"},
                                {"transfer-encoding", "chunked"}}});
    EXPECT_EQ(server.output(),
              "HTTP/1.1 200 OK\r\niothub-app-x: a  Set-Cookie: b c\r\nContent-Length: 0\r\n\r\n");
}

TEST(ServerEngine, ReadsTheSameByteByByte) {
    const std::string text =
        "POST /m HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n1;ext=\"x\"\r\n,\r\n00A\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n"
        "\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n";
    Server whole;
    whole.receive(text);
    whole.respond();
    Server bytewise;
    bytewise.receive_bytewise(text);
    bytewise.respond();
    ASSERT_EQ(whole.requests.size(), 2U);
    EXPECT_EQ(as_text(whole.requests[0].body), "hello,0123456789");
    EXPECT_EQ(whole.requests[0].headers.find("X-Trailer"), std::nullopt);
    EXPECT_EQ(whole.requests[1].target, "/next");
    EXPECT_EQ(bytewise.requests, whole.requests);
    EXPECT_THAT(whole.failures, IsEmpty());
}

TEST(ServerEngine, DoesNotLookAtTheNextRequestBeforeItHasAnswered) {
    Server server;
    server.receive("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET");
    ASSERT_EQ(server.requests.size(), 1U);
    server.respond({.status = 201});
    ASSERT_EQ(server.requests.size(), 2U);
    EXPECT_EQ(server.requests[1].target, "/2");
    server.respond({.status = 202});
    EXPECT_EQ(server.output(),
              "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
              "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    server.receive(" /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(server.requests.size(), 3U);
}

TEST(ServerEngine, EndsAConnectionThatSendsOnWithoutReading) {
    Server server({.body_bytes_max = 10});
    server.receive(get);
    server.receive(std::string(head_bytes_max + 10, 'x'));
    EXPECT_FALSE(server.engine.finished());
    server.receive("x");
    EXPECT_TRUE(server.engine.finished());
    ASSERT_EQ(server.failures.size(), 1U);
    EXPECT_EQ(server.failures[0].code, ErrorCode::protocol_error);
    server.respond();  // the answer that comes too late
    EXPECT_EQ(server.output(), "");
}

TEST(ServerEngine, InvitesABodyThatWaitsForIt) {
    Server server;
    server.receive(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(server.output(), "HTTP/1.1 100 Continue\r\n\r\n");
    server.receive("ok");
    ASSERT_EQ(server.requests.size(), 1U);
    server.respond();
    server.output();
    server.receive(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(server.output(), "");
    EXPECT_EQ(server.requests.size(), 2U);
}

TEST(ServerEngine, AnswersHeadWithALengthAndNoBody) {
    Server server;
    server.receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    server.respond({.body = to_bytes("12345")});
    EXPECT_EQ(server.output(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST(ServerEngine, ClosesWhenEitherSideSaysSo) {
    Server asked;
    asked.receive("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\nGET /2");
    asked.respond();
    EXPECT_EQ(asked.output(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(asked.engine.finished());
    asked.receive(get);
    EXPECT_EQ(asked.requests.size(), 1U);

    Server told;
    told.receive(get);
    told.respond({.status = 429, .headers = {{"connection", "close"}}});
    EXPECT_THAT(told.output(), HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_TRUE(told.engine.finished());
}

TEST(ServerEngine, KeepsAnHttp10ConnectionOnlyWhenAsked) {
    Server plain;
    plain.receive("GET / HTTP/1.0\r\n\r\n");
    plain.respond();
    EXPECT_THAT(plain.output(), HasSubstr("Connection: close"));
    EXPECT_TRUE(plain.engine.finished());

    Server kept;
    kept.receive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    kept.respond();
    EXPECT_THAT(kept.output(), HasSubstr("Connection: keep-alive"));
    EXPECT_FALSE(kept.engine.finished());
}

TEST(ServerEngine, HandsOverRawBytesAfterAnUpgrade) {
    Server server;
    server.receive(
        "GET /$iothub/websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\n\r\n\x81\x01");
    ASSERT_EQ(server.requests.size(), 1U);
    server.engine.upgrade({.headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}});
    server.drain();
    EXPECT_EQ(server.output(),
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\n\r\n");
    server.receive("a\r\n\n");
    EXPECT_EQ(server.raw,
              "\x81\x01"
              "a\r\n\n");
    EXPECT_EQ(server.engine.next_deadline(), std::nullopt);
    EXPECT_FALSE(server.engine.finished());
}

TEST(ServerEngine, ClosesASilentConnectionWithoutAWord) {
    Server fresh;
    EXPECT_EQ(fresh.engine.next_deadline(), fresh.now + head_timeout_default);
    fresh.advance(head_timeout_default);
    EXPECT_TRUE(fresh.engine.finished());
    EXPECT_EQ(fresh.output(), "");
    EXPECT_THAT(fresh.failures, IsEmpty());

    Server kept;
    kept.receive(get);
    kept.advance(seconds{500});  // the answer is ours to give: nothing runs meanwhile
    EXPECT_EQ(kept.engine.next_deadline(), std::nullopt);
    kept.respond();
    kept.output();
    kept.advance(idle_timeout_default - Milliseconds{1});
    EXPECT_FALSE(kept.engine.finished());
    kept.advance(Milliseconds{1});
    EXPECT_TRUE(kept.engine.finished());
    EXPECT_EQ(kept.output(), "");
}

TEST(ServerEngine, GivesHeadersAndBodyOneDeadlineEachHoweverTheyTrickle) {
    Server head;
    head.receive("GET");
    head.advance(seconds{20});
    head.receive(" /");
    head.advance(seconds{10});
    EXPECT_THAT(head.output(), StartsWith("HTTP/1.1 408 "));
    ASSERT_EQ(head.failures.size(), 1U);
    EXPECT_EQ(head.failures[0].code, ErrorCode::timeout);
    EXPECT_TRUE(head.engine.finished());

    Server body;
    body.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
    body.advance(seconds{100});
    body.receive("a");
    EXPECT_THAT(body.failures, IsEmpty());
    body.advance(seconds{20});
    EXPECT_THAT(body.output(), StartsWith("HTTP/1.1 408 "));
    EXPECT_TRUE(body.engine.finished());
}

TEST(ServerEngine, DoesNotTakeAnEmptyLineForTheStartOfARequest) {
    Server server;
    server.receive("\r\n");
    server.advance(head_timeout_default);
    EXPECT_TRUE(server.engine.finished());
    EXPECT_THAT(server.failures, IsEmpty());
}

}  // namespace
}  // namespace restante::http
