#include "protocol/websocket/handshake.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "protocol/http/head.hpp"

namespace restante::websocket {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 1.3

http::Request example() {
    return {.method = "GET",
            .target = "/$iothub/websocket",
            .headers = {{"Host", "hub.example"},
                        {"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Key", std::string(key)},
                        {"Sec-WebSocket-Version", "13"},
                        {"Sec-WebSocket-Protocol", "mqtt"}},
            .body = {}};
}

/// The example with one field replaced, or left out when `value` is empty.
http::Request example_with(std::string_view name, std::string_view value) {
    auto request = example();
    http::Headers headers;
    for (const auto& header : request.headers) {
        if (!iequals(header.name, name)) headers.add(header.name, header.value);
    }
    if (!value.empty()) headers.add(std::string(name), std::string(value));
    request.headers = headers;
    return request;
}

int status_of(const http::Request& request) {
    const auto opening = read_opening(request);
    return opening ? 101 : opening.error().status;
}

TEST(WebSocketHandshake, DerivesTheStandardsExample) {
    EXPECT_EQ(accept_of(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, AcceptsTheRequestsOfRealClients) {
    EXPECT_EQ(status_of(example()), 101);
    EXPECT_EQ(status_of(example_with("Upgrade", "WebSocket")), 101);
    EXPECT_EQ(status_of(example_with("Connection", "keep-alive, upgrade")), 101);
    EXPECT_EQ(status_of(example_with("Sec-WebSocket-Extensions", "permessage-deflate")), 101);
    const auto opening =
        read_opening(example_with("Sec-WebSocket-Protocol", "AMQPWSB10 ,mqttv5,, MQTT"));
    ASSERT_TRUE(opening);
    EXPECT_THAT(opening->subprotocols, ElementsAre("AMQPWSB10", "mqttv5", "MQTT"));
}

TEST(WebSocketHandshake, SubprotocolsMayStandInSeveralFields) {
    auto request = example();
    request.headers.add("sec-websocket-protocol", "AMQPWSB10");
    EXPECT_THAT(read_opening(request)->subprotocols, ElementsAre("mqtt", "AMQPWSB10"));
}

TEST(WebSocketHandshake, ARequestForSomethingElseIsToldToUpgrade) {
    auto post = example();
    post.method = "POST";
    for (const auto& request :
         {post, example_with("Upgrade", ""), example_with("Upgrade", "h2c"),
          example_with("Connection", ""), example_with("Connection", "keep-alive"),
          example_with("Sec-WebSocket-Version", ""), example_with("Sec-WebSocket-Version", "8")}) {
        const auto opening = read_opening(request);
        ASSERT_FALSE(opening);
        EXPECT_EQ(opening.error().status, 426);
        EXPECT_EQ(opening.error().headers.find("Sec-WebSocket-Version"), "13");
        EXPECT_EQ(opening.error().headers.find("Upgrade"), "websocket");
    }
}

TEST(WebSocketHandshake, AKeyHasToBe16BytesAndOne) {
    for (const std::string_view bad :
         {"", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZSE=!"}) {
        EXPECT_EQ(status_of(example_with("Sec-WebSocket-Key", bad)), 400) << bad;
    }
    auto twice = example();
    twice.headers.add("Sec-WebSocket-Key", std::string(key));
    EXPECT_EQ(status_of(twice), 400);
}

TEST(WebSocketHandshake, ChoosesWhateverTheCaseAndKeepsTheClientsSpelling) {
    const std::vector<std::string> known{"mqtt", "AMQPWSB10"};
    const auto chosen = choose(std::vector<std::string>{"other", "AmqpWsB10", "mqtt"}, known);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->offered, "AmqpWsB10");
    EXPECT_EQ(chosen->known, 1U);
    EXPECT_EQ(choose(std::vector<std::string>{"MQTT"}, known)->offered, "MQTT");
    EXPECT_FALSE(choose(std::vector<std::string>{"mqttv5"}, known));
    EXPECT_FALSE(choose({}, known));
}

// -- the client's end ----------------------------------------------------------------------------

ClientOpening client() {
    return {.host = "hub.example",
            .target = "/$iothub/websocket",
            .subprotocol = "mqtt",
            .key = std::string(key)};
}

std::string answer(std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                   std::string_view more = "Sec-WebSocket-Protocol: mqtt\r\n") {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           std::string(accept) + "\r\n" + std::string(more) + "\r\n";
}

std::string failure(std::string_view text) {
    const auto read = read_answer(as_bytes(text), client());
    return read ? "(none)" : read.error().message;
}

TEST(WebSocketHandshake, BothEndsUnderstandEachOther) {
    const Bytes bytes = request_of(client());
    EXPECT_EQ(as_text(bytes),
              "GET /$iothub/websocket HTTP/1.1\r\nHost: hub.example\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
    const auto head = http::parse_request_head(as_text(bytes));
    ASSERT_TRUE(head);
    const auto opening = read_opening(head->request);
    ASSERT_TRUE(opening);
    const auto response = accept(*opening, "mqtt");
    EXPECT_EQ(response.status, 101);
    EXPECT_EQ(response.headers.find("Sec-WebSocket-Accept"), accept_of(key));
    EXPECT_EQ(response.headers.find("Sec-WebSocket-Protocol"), "mqtt");
}

TEST(WebSocketHandshake, EachClientHasAKeyOfItsOwn) {
    const ClientOpening a{.host = "h", .target = "/", .subprotocol = "mqtt"};
    const ClientOpening b{.host = "h", .target = "/", .subprotocol = "mqtt"};
    EXPECT_EQ(a.key.size(), 24U);
    EXPECT_NE(a.key, b.key);
}

TEST(WebSocketHandshake, ReadsAnAnswerAndLeavesTheFramesBehindIt) {
    const std::string whole = answer();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto read = read_answer(as_bytes(whole.substr(0, size)), client());
        ASSERT_TRUE(read);
        EXPECT_FALSE(*read);
    }
    const auto read = read_answer(as_bytes(whole + "\x82"), client());
    ASSERT_TRUE(read && *read);
    EXPECT_EQ(**read, whole.size());
}

TEST(WebSocketHandshake, NamesWhatIsWrongWithAnAnswer) {
    EXPECT_THAT(failure("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
                HasSubstr("503 Service Unavailable"));
    EXPECT_THAT(failure(answer("s3pPLMBiTxaQ9kYGzzhZRbK+xOp=")), HasSubstr("of ours"));
    EXPECT_THAT(failure("HTTP/1.1 101 Switching Protocols\r\n\r\n"), HasSubstr("of ours"));
    EXPECT_THAT(failure(answer(accept_of(key), "")), HasSubstr("does not speak mqtt"));
    EXPECT_THAT(failure(answer(accept_of(key), "Sec-WebSocket-Protocol: AMQPWSB10\r\n")),
                HasSubstr("does not speak mqtt"));
    EXPECT_THAT(failure(answer(accept_of(key),
                               "Sec-WebSocket-Protocol: mqtt\r\n"
                               "Sec-WebSocket-Extensions: x\r\n")),
                HasSubstr("extension"));
    EXPECT_THAT(failure("SSH-2.0-OpenSSH\r\n\r\n"), testing::Not("(none)"));
    EXPECT_THAT(failure("bare\n"), HasSubstr("line break"));
}

}  // namespace
}  // namespace restante::websocket
