#include "protocol/http/client_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::http {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SteadyTime start{std::chrono::hours{1}};

/// An engine, its clock, and what came out of it.
struct Client {
    explicit Client(std::size_t body_bytes_max = 1000)
        : engine({.host = "hub.localhost", .body_bytes_max = body_bytes_max}) {}

    Result<void> send(std::string method = "GET", std::string target = "/") {
        return engine.send({.method = std::move(method), .target = std::move(target)}, now);
    }
    void receive(std::string_view text) {
        engine.receive(as_bytes(text), now);
        drain();
    }
    void receive_bytewise(std::string_view text) {
        for (const char c : text) receive({&c, 1});
    }
    void peer_closed() {
        engine.peer_closed();
        drain();
    }
    void advance(Milliseconds by) {
        now += by;
        engine.advance(now);
        drain();
    }
    std::string output() { return to_text(engine.take_output()); }

    void drain() {
        while (auto event = engine.next_event()) {
            if (auto* received = std::get_if<ResponseReceived>(&*event)) {
                responses.push_back(std::move(received->response));
            } else {
                failures.push_back(std::get<RequestsFailed>(*event));
            }
        }
    }

    ClientEngine engine;
    SteadyTime now = start;
    std::vector<Response> responses;
    std::vector<RequestsFailed> failures;
};

TEST(ClientEngine, WritesARequest) {
    Client client;
    ASSERT_TRUE(client.engine.send({.method = "PUT",
                                    .target = "/devices/d?api-version=1",
                                    .headers = {{"If-Match", "*\r\nX: y"}, {"Content-Length", "9"}},
                                    .body = to_bytes("{}")},
                                   client.now));
    EXPECT_EQ(client.output(),
              "PUT /devices/d?api-version=1 HTTP/1.1\r\nHost: hub.localhost\r\n"
              "If-Match: *  X: y\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(ClientEngine, AnnouncesAnEmptyBodyOnlyWhereOneIsMeant) {
    Client client;
    ASSERT_TRUE(client.send("POST"));
    EXPECT_THAT(client.output(), HasSubstr("Content-Length: 0\r\n"));
    Client other;
    ASSERT_TRUE(other.send("DELETE"));
    EXPECT_EQ(other.output(), "DELETE / HTTP/1.1\r\nHost: hub.localhost\r\n\r\n");
}

TEST(ClientEngine, RefusesARequestThatWouldForgeALine) {
    Client client;
    EXPECT_FALSE(client.send("GET X"));
    EXPECT_FALSE(client.send(""));
    EXPECT_FALSE(client.send("GET", "/a b"));
    EXPECT_FALSE(client.send("GET", "/a\r\nX: y"));
    EXPECT_FALSE(client.send("GET", "http://h/"));
    EXPECT_FALSE(client.send("GET", ""));
    EXPECT_EQ(client.output(), "");
}

TEST(ClientEngine, ReadsALengthAChunkedAndABodilessResponse) {
    const std::string answers =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"e\"\r\n\r\n{}"
        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        "HTTP/1.1 204\r\n\r\n";
    for (const bool bytewise : {false, true}) {
        Client client;
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.send());
        bytewise ? client.receive_bytewise(answers) : client.receive(answers);
        ASSERT_EQ(client.responses.size(), 3U);
        EXPECT_EQ(client.responses[0].status, 200);
        EXPECT_EQ(client.responses[0].headers.find("etag"), "\"e\"");
        EXPECT_EQ(as_text(client.responses[0].body), "{}");
        EXPECT_EQ(client.responses[1].status, 404);
        EXPECT_EQ(as_text(client.responses[1].body), "abc");
        EXPECT_EQ(client.responses[2].status, 204);
        EXPECT_THAT(client.failures, IsEmpty());
        EXPECT_FALSE(client.engine.finished());
    }
}

TEST(ClientEngine, PutsOneRequestOnTheWireAtATime) {
    Client client;
    ASSERT_TRUE(client.send("GET", "/1"));
    ASSERT_TRUE(client.send("GET", "/2"));
    EXPECT_THAT(client.output(), testing::StartsWith("GET /1"));
    EXPECT_EQ(client.output(), "");
    client.receive("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_THAT(client.output(), testing::StartsWith("GET /2"));
}

TEST(ClientEngine, BoundsItsQueue) {
    Client client;
    for (std::size_t i = 0; i < queued_requests_max; ++i) ASSERT_TRUE(client.send());
    const auto refused = client.send();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::throttled);
}

TEST(ClientEngine, ReadsABodyThatEndsWithTheConnection) {
    Client client;
    ASSERT_TRUE(client.send());
    client.receive("HTTP/1.0 200 OK\r\n\r\nabc");
    client.receive("def");
    EXPECT_THAT(client.responses, IsEmpty());
    client.peer_closed();
    ASSERT_EQ(client.responses.size(), 1U);
    EXPECT_EQ(as_text(client.responses[0].body), "abcdef");
    EXPECT_TRUE(client.engine.finished());
    EXPECT_THAT(client.failures, IsEmpty());
}

TEST(ClientEngine, DoesNotTakeAResponseCutShortForAWholeOne) {
    for (const char* text :
         {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
        Client client;
        ASSERT_TRUE(client.send());
        client.receive(text);
        client.peer_closed();
        EXPECT_THAT(client.responses, IsEmpty());
        ASSERT_EQ(client.failures.size(), 1U);
        EXPECT_EQ(client.failures[0].error.code, ErrorCode::connection_dropped);
        EXPECT_EQ(client.failures[0].unanswered, 1U);
        EXPECT_TRUE(client.engine.finished());
    }
}

TEST(ClientEngine, ExpectsNoBodyAfterHead) {
    Client client;
    ASSERT_TRUE(client.send("HEAD"));
    ASSERT_TRUE(client.send());
    client.receive(
        "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n");
    EXPECT_EQ(client.responses.size(), 2U);
}

TEST(ClientEngine, ReadsPastInterimResponses) {
    Client client;
    ASSERT_TRUE(client.send());
    client.receive(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\n"
        "HTTP/1.1 204 No Content\r\n\r\n");
    ASSERT_EQ(client.responses.size(), 1U);
    EXPECT_EQ(client.responses[0].status, 204);

    ASSERT_TRUE(client.send());
    for (std::size_t i = 0; i < interim_responses_max; ++i) {
        client.receive("HTTP/1.1 100 Continue\r\n\r\n");
    }
    client.receive("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(client.responses.size(), 2U);

    ASSERT_TRUE(client.send());
    for (std::size_t i = 0; i <= interim_responses_max; ++i) {
        client.receive("HTTP/1.1 100 Continue\r\n\r\n");
    }
    EXPECT_EQ(client.failures.size(), 1U);
}

TEST(ClientEngine, CountsWhatAClosingServerLeavesUnanswered) {
    Client client;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.send());
    client.receive("HTTP/1.1 429 Slow\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(client.responses.size(), 1U);
    ASSERT_EQ(client.failures.size(), 1U);
    EXPECT_EQ(client.failures[0].unanswered, 2U);
    EXPECT_TRUE(client.engine.finished());
    const auto refused = client.send();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::connection_dropped);
}

TEST(ClientEngine, GivesAResponseOneDeadlineFromItsRequestToItsEnd) {
    Client client;
    ASSERT_TRUE(client.send());
    ASSERT_TRUE(client.send());
    client.advance(seconds{40});
    client.receive("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(client.engine.next_deadline(), client.now + response_timeout_default);
    client.advance(seconds{59});
    client.receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
    EXPECT_THAT(client.failures, IsEmpty());
    client.advance(seconds{1});
    ASSERT_EQ(client.failures.size(), 1U);
    EXPECT_EQ(client.failures[0].error.code, ErrorCode::timeout);
    EXPECT_TRUE(client.engine.finished());
}

TEST(ClientEngine, HasNoDeadlineWhileNothingIsAsked) {
    Client client;
    EXPECT_EQ(client.engine.next_deadline(), std::nullopt);
    ASSERT_TRUE(client.send());
    client.receive("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(client.engine.next_deadline(), std::nullopt);
}

TEST(ClientEngine, FailsOnWhatItCannotTrust) {
    for (const char* text :
         {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
          "HTTP/1.1 99 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
          "HTTP/1.1 101 Switching Protocols\r\n\r\n", "SSH-2.0-x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"}) {
        SCOPED_TRACE(text);
        Client client;
        ASSERT_TRUE(client.send());
        client.receive(text);
        EXPECT_THAT(client.responses, IsEmpty());
        EXPECT_EQ(client.failures.size(), 1U);
        EXPECT_TRUE(client.engine.finished());
        client.receive("HTTP/1.1 204 No Content\r\n\r\n");
        EXPECT_THAT(client.responses, IsEmpty());
    }
}

TEST(ClientEngine, FailsOnAResponseNobodyAskedFor) {
    Client client;
    client.receive("HTTP/1.1 200 OK\r\n");
    ASSERT_EQ(client.failures.size(), 1U);
    EXPECT_EQ(client.failures[0].error.code, ErrorCode::protocol_error);
}

TEST(ClientEngine, BoundsABodyThatHasNoLength) {
    Client client(10);
    ASSERT_TRUE(client.send());
    client.receive("HTTP/1.1 200 OK\r\n\r\n0123456789");
    EXPECT_THAT(client.failures, IsEmpty());
    client.receive("x");
    ASSERT_EQ(client.failures.size(), 1U);
    EXPECT_EQ(client.failures[0].error.code, ErrorCode::message_too_large);
}

}  // namespace
}  // namespace restante::http
