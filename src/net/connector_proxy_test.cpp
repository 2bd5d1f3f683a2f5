// The connector through a proxy, on real sockets: to the hub with its name verified, and every way
// in which the proxy may fail.

#include <gmock/gmock.h>

#include "support/loopback.hpp"
#include "support/test_proxy.hpp"

namespace restante::net {
namespace {

using namespace std::chrono_literals;
using test::TestProxy;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ConnectorProxyTest : public test::Loopback, public testing::WithParamInterface<ProxyType> {
  protected:
    ConnectOptions through(const TestProxy& proxy) {
        auto to = target();
        to.proxy = Proxy{.type = GetParam(),
                         .host = "127.0.0.1",
                         .port = proxy.port,
                         .user_name = "",
                         .password = ""};
        return to;
    }
    /// A hub whose name only the proxy can look up.
    ConnectOptions far_away(const TestProxy& proxy) {
        const auto certificate =
            test::make_certificate("hub", "DNS:hub.invalid", &test::authority_certificate());
        auto with = options();
        with.tls = TlsServer::create({.certificate_chain_pem = certificate.certificate_pem,
                                      .private_key_pem = certificate.private_key_pem,
                                      .ca_file = ""})
                       .value();
        listen(with);
        auto to = through(proxy);
        to.host = "hub.invalid";
        return to;
    }
    std::string failure(ConnectOptions to) {
        const auto record = connect(std::move(to));
        const auto error = record->wait_closed();
        EXPECT_TRUE(error.has_value());
        EXPECT_EQ(record->times_closed(), 1);
        return error ? error->message : "";
    }
};

TEST_P(ConnectorProxyTest, TheProxyLooksTheHubUp) {
    const TestProxy proxy;
    const auto to = far_away(proxy);
    EXPECT_TRUE(connect(to)->wait_started());
    EXPECT_THAT(proxy.asked(), ElementsAre(fmt::format("hub.invalid:{}", to.port)));
}

TEST_P(ConnectorProxyTest, WhatIsSaidPassesBothWays) {
    const TestProxy proxy;
    listen();
    test::RecordingSession* session = nullptr;
    connect(through(proxy), [&](test::RecordingSession& made) { session = &made; });
    last_handle.post([&] { session->send("early"); });
    EXPECT_TRUE(accepted()->wait_received(5));
}

TEST_P(ConnectorProxyTest, TheHubsNameIsVerifiedAllTheSame) {
    const TestProxy proxy;
    auto to = far_away(proxy);
    to.host = "other.invalid";
    EXPECT_THAT(failure(to), HasSubstr("is for hub.invalid, not for the host asked for"));
}

TEST_P(ConnectorProxyTest, LogsIn) {
    const TestProxy proxy({.http_login = "YW5uOnNlY3JldA==",
                           .user_name = "ann",
                           .password = "secret",
                           .answer = "",
                           .closes = false});
    auto to = far_away(proxy);
    to.proxy->user_name = "ann";
    to.proxy->password = "secret";
    EXPECT_TRUE(connect(to)->wait_started());
    to.proxy->password = "wrong-word";
    EXPECT_THAT(failure(to),
                testing::AllOf(HasSubstr("check the credentials"), Not(HasSubstr("wrong-word"))));
    to.proxy->user_name = "";
    EXPECT_THAT(failure(to), HasSubstr("set the proxy's user name and password"));
}

TEST_P(ConnectorProxyTest, AProxyThatIsNotThereIsNamed) {
    ConnectOptions to;
    {
        const TestProxy gone;
        to = through(gone);
    }
    EXPECT_THAT(failure(to),
                testing::AllOf(HasSubstr("proxy 127.0.0.1:"), HasSubstr("connection refused")));
}

TEST_P(ConnectorProxyTest, AProxyThatClosesIsNamed) {
    const TestProxy proxy({.http_login = "",
                           .user_name = "",
                           .password = "",
                           .answer = GetParam() == ProxyType::http ? "HTTP/1.1 20" : "\x05",
                           .closes = true});
    EXPECT_THAT(failure(through(proxy)), HasSubstr("closed the connection without an answer"));
}

TEST_P(ConnectorProxyTest, AProxyThatNeverEndsItsAnswerTimesOut) {
    const TestProxy proxy({.http_login = "",
                           .user_name = "",
                           .password = "",
                           .answer = GetParam() == ProxyType::http ? "HTTP/1.1 200 OK\r\n" : "\x05",
                           .closes = false});
    auto to = through(proxy);
    to.timeout = 50ms;
    EXPECT_THAT(failure(to), HasSubstr("timed out after 50 ms waiting for the answer of the"));
}

TEST_P(ConnectorProxyTest, EndlessHeadersEndTheConnection) {
    const TestProxy proxy({.http_login = "",
                           .user_name = "",
                           .password = "",
                           .answer = "HTTP/1.1 200 OK\r\n" + std::string(64 * 1024, 'x'),
                           .closes = false});
    EXPECT_THAT(
        failure(through(proxy)),
        HasSubstr(GetParam() == ProxyType::http ? "its answer does not end" : "speaks no SOCKS 5"));
}

TEST_P(ConnectorProxyTest, CloseEndsAnExchangeUnderWay) {
    const TestProxy proxy({.http_login = "",
                           .user_name = "",
                           .password = "",
                           .answer = GetParam() == ProxyType::http ? "H" : "\x05",
                           .closes = false});
    const auto record = connect(through(proxy));
    last_handle.close();
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
    EXPECT_EQ(record->times_closed(), 1);
}

INSTANTIATE_TEST_SUITE_P(Both, ConnectorProxyTest,
                         testing::Values(ProxyType::http, ProxyType::socks5), [](const auto& each) {
                             return each.param == ProxyType::http ? "http" : "socks5";
                         });

}  // namespace
}  // namespace restante::net
