#include "net/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

Proxy http(std::string user = "", std::string password = "") {
    return {.type = ProxyType::http,
            .host = "gate",
            .port = 3128,
            .user_name = std::move(user),
            .password = std::move(password)};
}

Proxy socks(std::string user = "", std::string password = "") {
    auto proxy = http(std::move(user), std::move(password));
    proxy.type = ProxyType::socks5;
    return proxy;
}

/// What the handshake with `proxy` says of these answers, each given byte by byte.
Result<bool> answered(const Proxy& proxy, const std::string& answer) {
    ProxyHandshake handshake(proxy, "hub.example", 8883);
    Result<bool> open = false;
    for (const char& byte : answer) {
        open = handshake.receive(as_bytes(std::string_view(&byte, 1)));
        if (!open) return open;
    }
    return open;
}

std::string refusal(const Proxy& proxy, const std::string& answer) {
    const auto open = answered(proxy, answer);
    if (open) return "no refusal";
    EXPECT_EQ(open.error().code, ErrorCode::connection_failed);
    EXPECT_THAT(open.error().message, HasSubstr("gate:3128 does not connect to hub.example:8883"));
    EXPECT_THAT(open.error().message, Not(HasSubstr("secret")));
    return open.error().message;
}

TEST(HttpProxy, IsAskedForTheHostByName) {
    const auto proxy = http();
    ProxyHandshake handshake(proxy, "hub.example", 8883);
    EXPECT_EQ(as_text(handshake.take_output()),
              "CONNECT hub.example:8883 HTTP/1.1\r\nHost: hub.example:8883\r\n\r\n");
    EXPECT_TRUE(handshake.take_output().empty());
}

TEST(HttpProxy, IsToldTheLogin) {
    const auto proxy = http("Aladdin", "open sesame");
    EXPECT_THAT(std::string(as_text(ProxyHandshake(proxy, "::1", 443).take_output())),
                HasSubstr("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n"
                          "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"));
}

TEST(HttpProxy, OpensTheWayWithAnyGoodStatus) {
    EXPECT_TRUE(answered(http(), "HTTP/1.0 200 OK\r\n\r\n").value());
    EXPECT_TRUE(answered(http(), "HTTP/1.1 204 \r\nVia: 1.1 gate\r\n\r\n").value());
    EXPECT_FALSE(answered(http(), "HTTP/1.1 200 OK\r\nVia: 1.1 gate\r\n").value());
}

TEST(HttpProxy, ItsRefusalIsRepeated) {
    EXPECT_THAT(refusal(http(), "HTTP/1.1 502 Bad Gateway\r\n\r\n"),
                HasSubstr("it answers 502 Bad Gateway"));
    EXPECT_THAT(refusal(http(), "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
                HasSubstr("set the proxy's user name and password"));
    EXPECT_THAT(
        refusal(http("ann", "secret"), "HTTP/1.1 407 \x1b[31mno\r\n\r\n"),
        testing::AllOf(HasSubstr("407 ?[31mno; check the credentials"), HasSubstr("\"ann\"")));
}

TEST(HttpProxy, ThePasswordIsNotRepeatedWithItsWords) {
    for (const char* words : {"ann:secret is wrong", "YW5uOnNlY3JldA== is wrong"}) {
        const auto error = refusal(http("ann", "secret"), "HTTP/1.1 407 "s + words + "\r\n\r\n");
        EXPECT_THAT(error, HasSubstr("407; check the credentials"));
        EXPECT_THAT(error, testing::Not(HasSubstr("is wrong")));
    }
}

TEST(HttpProxy, WhatIsNoAnswerIsRefusedAtOnce) {
    EXPECT_THAT(refusal(http(), "SSH-"), HasSubstr("speaks no HTTP/1"));
    EXPECT_THAT(refusal(http(), "\x05"), HasSubstr("speaks no HTTP/1"));
    for (const char* line :
         {"HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2x0", "HTTP/1.10200"}) {
        EXPECT_THAT(refusal(http(), line + "\r\n\r\n"s), HasSubstr("no status")) << line;
    }
}

TEST(HttpProxy, HeadersWithoutAnEndAreBounded) {
    std::string endless = "HTTP/1.1 200 OK\r\n";
    while (endless.size() <= 16 * 1024) endless += "X-More: more\r\n";
    EXPECT_THAT(refusal(http(), endless), HasSubstr("does not end"));
}

TEST(HttpProxy, NothingMayFollowItsAnswer) {
    const auto proxy = http();
    ProxyHandshake handshake(proxy, "hub.example", 8883);
    const auto open = handshake.receive(as_bytes("HTTP/1.1 200 OK\r\n\r\nhello"));
    ASSERT_FALSE(open);
    EXPECT_THAT(open.error().message, HasSubstr("more than its answer"));
}

TEST(SocksProxy, IsAskedForTheHostByName) {
    const auto proxy = socks();
    ProxyHandshake handshake(proxy, "hub.example", 8883);
    EXPECT_EQ(as_text(handshake.take_output()), "\x05\x01\0"s);
    EXPECT_FALSE(handshake.receive(as_bytes("\x05\0"s)).value());
    EXPECT_EQ(as_text(handshake.take_output()), "\x05\x01\0\x03\x0bhub.example\x22\xb3"s);
    EXPECT_TRUE(handshake.receive(as_bytes("\x05\0\0\x01\x7f\0\0\x01\x04\x38"s)).value());
}

TEST(SocksProxy, IsGivenAnAddressAsThat) {
    const auto proxy = socks();
    for (const auto& [host, said] :
         {std::pair("127.0.0.1", "\x05\x01\0\x01\x7f\0\0\x01\0\x05"s),
          std::pair("[::1]", "\x05\x01\0\x04"s + std::string(15, '\0') + "\x01\0\x05"s)}) {
        ProxyHandshake handshake(proxy, host, 5);
        handshake.take_output();
        ASSERT_FALSE(handshake.receive(as_bytes("\x05\0"s)).value());
        EXPECT_EQ(as_text(handshake.take_output()), said);
    }
}

TEST(SocksProxy, IsToldTheLogin) {
    const auto proxy = socks("ann", "secret");
    ProxyHandshake handshake(proxy, "hub.example", 8883);
    EXPECT_EQ(as_text(handshake.take_output()), "\x05\x02\0\x02"s);
    EXPECT_FALSE(handshake.receive(as_bytes("\x05\x02")).value());
    EXPECT_EQ(as_text(handshake.take_output()),
              "\x01\x03"
              "ann\x06secret");
    EXPECT_FALSE(handshake.receive(as_bytes("\x01\0"s)).value());
    EXPECT_EQ(as_text(handshake.take_output()).substr(0, 4), "\x05\x01\0\x03"s);
}

TEST(SocksProxy, ALoginItRefusesIsNamedAsThat) {
    EXPECT_THAT(refusal(socks(), "\x05\xff"), HasSubstr("set the proxy's user name and password"));
    EXPECT_THAT(refusal(socks("ann", "secret"), "\x05\x02\x01\x01"),
                HasSubstr("check the credentials, the user name \"ann\""));
    EXPECT_THAT(refusal(socks(), "\x05\x02"), HasSubstr("login method 2"));
    EXPECT_THAT(refusal(socks("ann", "secret"), "\x05\x01"), HasSubstr("login method 1"));
}

TEST(SocksProxy, ItsRefusalIsExplained) {
    EXPECT_THAT(refusal(socks(), "\x05\0\x05\x05"s), HasSubstr("answers 5 (connection refused)"));
    EXPECT_THAT(refusal(socks(), "\x05\0\x05\x02"s), HasSubstr("its rules do not allow it"));
    EXPECT_THAT(refusal(socks(), "\x05\0\x05\x63"s), HasSubstr("answers 99 (an unknown answer)"));
}

TEST(SocksProxy, WrongVersionsAndAddressesAreRefused) {
    EXPECT_THAT(refusal(socks(), "\x04"), HasSubstr("speaks no SOCKS 5"));
    EXPECT_THAT(refusal(socks(), "HTTP/1.1 400\r\n"), HasSubstr("speaks no SOCKS 5"));
    EXPECT_THAT(refusal(socks(), "\x05\0\x04"s), HasSubstr("another version"));
    EXPECT_THAT(refusal(socks("ann", "secret"), "\x05\x02\x05"s), HasSubstr("other words"));
    EXPECT_THAT(refusal(socks(), "\x05\0\x05\0\0\x02\x01"s), HasSubstr("no known kind"));
}

TEST(SocksProxy, EveryKindOfAddressEndsTheAnswer) {
    const std::string begin = "\x05\0\x05\0\0"s;
    EXPECT_TRUE(answered(socks(), begin + "\x04"s + std::string(18, 'x')).value());
    EXPECT_TRUE(answered(socks(), begin + "\x03\x02"
                                          "ab\x01\x01")
                    .value());
    EXPECT_FALSE(answered(socks(), begin + "\x03\x02"
                                           "ab\x01")
                     .value());
    EXPECT_THAT(refusal(socks(), begin + "\x01"
                                         "1234567"),
                HasSubstr("more than its answer"));
}

}  // namespace
}  // namespace restante::net
