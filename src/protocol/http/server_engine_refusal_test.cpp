#include "protocol/http/server_engine.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_server.hpp"

namespace restante::http {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Server = test::HttpServer;

constexpr std::string_view get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

struct Refused {
    int status;
    std::string text;
};

TEST(ServerEngine, RefusesWhateverTwoReadersCouldReadDifferently) {
    const std::string host = "Host: h\r\n";
    const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
    const Refused cases[] = {
        {400, post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {400, post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
        {400, post + "Content-Length: 1, 1\r\n\r\n"},
        {400, post + "Content-Length: +1\r\n\r\n"},
        {400, post + "Content-Length: -1\r\n\r\n"},
        {400, post + "Content-Length: 0x1\r\n\r\n"},
        {400, post + "Content-Length:\r\n\r\n"},
        {501, post + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
        {501, post + "Transfer-Encoding: identity\r\n\r\n"},
        {400, post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, post + "Transfer-Encoding : chunked\r\n\r\n"},
        {400, post + "Transfer-Encoding: \x0b"
                     "chunked\r\n\r\n"},
        {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, post + "Content-Length\t: 1\r\n\r\n"},
        {400, post + "X: a\r\n b\r\n\r\n"},
        {400, post + "X: a\r\n\tb\r\n\r\n"},
        {400, post + ": a\r\n\r\n"},
        {400, post + "no colon\r\n\r\n"},
        {400, post + std::string("X: a\0b\r\n\r\n", 11)},
        {400, post + "X: a\rb\r\n\r\n"},
        {400, post + "X: a\x7f\r\n\r\n"},
        {400, "GET / HTTP/1.1\nHost: h\n\n"},
        {400, "GET / HTTP/1.1\r\nHost: h\n\r\n"},
        {400, "GET / HTTP/1.1\r\r\n"},
        {400, "\r\n\r\n"},
        {400, "\n"},
        {400, "GET http://other/ HTTP/1.1\r\n" + host + "\r\n"},
        {400, "OPTIONS * HTTP/1.1\r\n" + host + "\r\n"},
        {400, "CONNECT other:443 HTTP/1.1\r\n" + host + "\r\n"},
        {400, "GET /a b HTTP/1.1\r\n" + host + "\r\n"},
        {400, "GET  / HTTP/1.1\r\n" + host + "\r\n"},
        {400, "GET /\tx HTTP/1.1\r\n" + host + "\r\n"},
        {400, "GET /\xc3\xbc HTTP/1.1\r\n" + host + "\r\n"},
        {400, "G@T / HTTP/1.1\r\n" + host + "\r\n"},
        {400, std::string(method_bytes_max + 1, 'M') + " / HTTP/1.1\r\n" + host + "\r\n"},
        {400, "GET /\r\n\r\n"},
        {400, "GET / http/1.1\r\n" + host + "\r\n"},
        {505, "GET / HTTP/1.2\r\n" + host + "\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        {417, post + "Expect: 200-ok\r\n\r\n"},
        {400, "\x16\x03\x01\x02"},
    };
    for (const Refused& refused : cases) {
        for (const bool bytewise : {false, true}) {
            SCOPED_TRACE(refused.text);
            Server server;
            bytewise ? server.receive_bytewise(refused.text) : server.receive(refused.text);
            server.receive(get);
            EXPECT_THAT(server.requests, IsEmpty());
            EXPECT_EQ(server.failures.size(), 1U);
            const std::string output = server.output();
            EXPECT_THAT(output, StartsWith(fmt::format("HTTP/1.1 {} ", refused.status)));
            EXPECT_THAT(output, HasSubstr("\r\nConnection: close\r\n"));
            EXPECT_TRUE(server.engine.finished());
        }
    }
}

TEST(ServerEngine, RefusesChunksThatDoNotAddUp) {
    const char* cases[] = {
        "\r\n",
        ";x\r\n",
        "g\r\n",
        "0x5\r\n",
        "-1\r\n",
        "+1\r\n",
        " 5\r\n",
        "5 \r\nhello",
        "5\nhello",
        "1\r\nab\r\n",
        "1\r\na0\r\n",
        "1\r\na\n0",
        "0000000000000001\r\n",
        "5;a\x01\r\n",
        "0\r\nX\r\n",
        "0\r\n X:\r\n",
        "0\r\nX : 1\r\n",
        "0\r\n\n",
    };
    for (const char* chunks : cases) {
        SCOPED_TRACE(chunks);
        Server server;
        server.receive("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        server.receive(chunks);
        EXPECT_THAT(server.requests, IsEmpty());
        EXPECT_EQ(server.failures.size(), 1U);
        EXPECT_THAT(server.output(), StartsWith("HTTP/1.1 400 "));
        EXPECT_TRUE(server.engine.finished());
    }
}

TEST(ServerEngine, BoundsTheSizeLinesAndTheTrailerOfChunks) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    Server extension;
    extension.receive(head + "1;" + std::string(chunk_line_bytes_max, 'x'));
    EXPECT_EQ(extension.failures.size(), 1U);

    Server trailer;
    trailer.receive(head + "0\r\n");
    std::size_t lines = 0;
    while (trailer.failures.empty() && lines < 1000) {
        trailer.receive("X: 0123456789\r\n");
        ++lines;
    }
    EXPECT_EQ(lines, trailer_bytes_max / 15 + 1);
}

TEST(ServerEngine, BoundsTheHeaders) {
    Server long_line;
    long_line.receive("GET /" + std::string(head_bytes_max - 5, 'x'));
    EXPECT_THAT(long_line.output(), StartsWith("HTTP/1.1 431 "));

    std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (std::size_t i = 1; i < header_count_max; ++i) text += "X: y\r\n";
    Server enough;
    enough.receive(text + "\r\n");
    EXPECT_EQ(enough.requests.size(), 1U);
    Server too_many;
    too_many.receive(text + "X: y\r\n\r\n");
    EXPECT_THAT(too_many.output(), StartsWith("HTTP/1.1 431 "));
}

TEST(ServerEngine, TakesAHeadOfExactlyItsBound) {
    std::string text = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    text += std::string(head_bytes_max - text.size() - 4, 'x') + "\r\n\r\n";
    ASSERT_EQ(text.size(), head_bytes_max);
    Server server;
    server.receive_bytewise(text);
    EXPECT_EQ(server.requests.size(), 1U);
}

TEST(ServerEngine, RefusesALargeBodyAndStaysUntilItsSenderHasSeenThat) {
    for (const char* rest :
         {"Content-Length: 11\r\n\r\n", "Content-Length: 99999999999999999999\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n7\r\n",
          "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"}) {
        SCOPED_TRACE(rest);
        Server server({.body_bytes_max = 10});
        server.receive("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n");
        server.receive(rest);
        EXPECT_THAT(server.output(), HasSubstr("HTTP/1.1 413 "));
        ASSERT_EQ(server.failures.size(), 1U);
        EXPECT_EQ(server.failures[0].code, ErrorCode::message_too_large);
        EXPECT_FALSE(server.engine.finished());
        server.receive("the rest of the body");
        server.advance(linger_timeout);
        EXPECT_TRUE(server.engine.finished());
        EXPECT_EQ(server.output(), "");
    }
}

TEST(ServerEngine, TakesABodyOfExactlyItsBound) {
    Server server({.body_bytes_max = 10});
    server.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
    EXPECT_EQ(server.requests.size(), 1U);
}

}  // namespace
}  // namespace restante::http
