#include "net/connector.hpp"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/loopback.hpp"

namespace restante::net {
namespace {

using namespace std::chrono_literals;
using test::make_certificate;
using test::RecordingSession;
using testing::HasSubstr;

/// A socket that is bound, and listens or does not, but never answers.
class MutePort {
  public:
    explicit MutePort(bool listening) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        socklen_t length = sizeof address;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
        port = ntohs(address.sin_port);
        if (listening) ::listen(socket_, 8);
    }
    ~MutePort() { ::close(socket_); }
    MutePort(const MutePort&) = delete;
    MutePort& operator=(const MutePort&) = delete;

    std::uint16_t port = 0;

  private:
    int socket_;
};

class ConnectorTest : public test::Loopback {
  protected:
    /// A listener that presents a certificate made for the occasion.
    void listen_with(const test::TestCertificate& certificate) {
        auto with = options();
        with.tls = TlsServer::create({.certificate_chain_pem = certificate.certificate_pem,
                                      .private_key_pem = certificate.private_key_pem,
                                      .ca_file = ""})
                       .value();
        listen(with);
    }
    Error failure(ConnectOptions to) {
        const auto record = connect(std::move(to));
        const auto error = record->wait_closed();
        EXPECT_TRUE(error.has_value());
        EXPECT_EQ(record->times_closed(), 1);
        return error.value_or(Error(ErrorCode::server_error, ""));
    }
};

TEST_F(ConnectorTest, ConnectsByNameAndByAddress) {
    listen();
    auto to = target();
    for (const char* host : {"localhost", "127.0.0.1"}) {
        to.host = host;
        EXPECT_TRUE(connect(to)->wait_started()) << host;
    }
}

TEST_F(ConnectorTest, NamesBelowLocalhostAreThisMachineWithoutAskingAnyone) {
    listen_with(
        make_certificate("hub", "DNS:*.no-such-zone.localhost", &test::authority_certificate()));
    auto to = target();
    to.host = "Hub.no-such-zone.LOCALHOST";
    EXPECT_TRUE(connect(to)->wait_started());
}

TEST_F(ConnectorTest, PresentsItsCertificate) {
    listen();
    const auto& device = test::device_certificate();
    auto to = target();
    to.tls = TlsClient::create({.ca_pem = test::authority_certificate().certificate_pem,
                                .certificate_chain_pem = device.certificate_pem,
                                .private_key_pem = device.private_key_pem})
                 .value();
    connect(to);
    const auto record = accepted();
    ASSERT_EQ(record->peer().certificate_chain.size(), 1u);
    const Bytes der = record->peer().certificate_chain[0];
    const unsigned char* start = der.data();
    X509* seen = d2i_X509(nullptr, &start, static_cast<long>(der.size()));
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(X509_check_host(seen, "Device-1", 0, 0, nullptr), 1);
    X509_free(seen);
}

TEST_F(ConnectorTest, NoCertificateIsSeenWhereNoneIsPresented) {
    listen();
    connect(target());
    const auto record = accepted();
    EXPECT_TRUE(record->peer().certificate_chain.empty());
}

TEST_F(ConnectorTest, WorkPostedBeforeTlsStandsIsSentAfterwards) {
    listen();
    RecordingSession* session = nullptr;
    connect(target(), [&](RecordingSession& made) { session = &made; });
    last_handle.post([&] { session->send("early"); });
    EXPECT_TRUE(accepted()->wait_received(5));
}

TEST_F(ConnectorTest, UnknownHostIsNamed) {
    listen();
    auto to = target();
    to.host = "no-such-host.invalid";
    const Error error = failure(to);
    EXPECT_EQ(error.code, ErrorCode::connection_failed);
    EXPECT_THAT(error.message, HasSubstr("host not found: \"no-such-host.invalid\""));
}

TEST_F(ConnectorTest, RefusedConnectionIsExplained) {
    const MutePort closed(false);
    auto to = target();
    to.port = closed.port;
    const Error error = failure(to);
    EXPECT_EQ(error.code, ErrorCode::connection_failed);
    EXPECT_THAT(error.message, HasSubstr("connection refused; nothing listens there"));
}

TEST_F(ConnectorTest, HostThatNeverAnswersTimesOut) {
    const MutePort mute(true);
    auto to = target();
    to.port = mute.port;
    to.timeout = 50ms;
    const Error error = failure(to);
    EXPECT_EQ(error.code, ErrorCode::tls_failed);
    EXPECT_THAT(error.message, HasSubstr("timed out after 50 ms"));
}

TEST_F(ConnectorTest, UntrustedAuthorityIsNamed) {
    listen();
    auto to = target();
    to.tls = test::client_tls(test::device_certificate().certificate_pem);
    const Error error = failure(to);
    EXPECT_EQ(error.code, ErrorCode::tls_failed);
    EXPECT_THAT(error.message, HasSubstr("its issuer \"Test CA\" is not among the trusted"));
}

TEST_F(ConnectorTest, SelfSignedCertificateIsExplainedAndMayBeTrustedItself) {
    const auto certificate = make_certificate("lonely", "IP:127.0.0.1", nullptr);
    listen_with(certificate);
    EXPECT_THAT(failure(target()).message, HasSubstr("\"lonely\" is self-signed"));
    auto to = target();
    to.tls = test::client_tls(certificate.certificate_pem);
    EXPECT_TRUE(connect(to)->wait_started());
}

TEST_F(ConnectorTest, CertificateForAnotherHostIsRefused) {
    listen_with(
        make_certificate("other", "DNS:hub.example,IP:192.0.2.7", &test::authority_certificate()));
    for (const char* host : {"localhost", "127.0.0.1"}) {
        auto to = target();
        to.host = host;
        const Error error = failure(to);
        EXPECT_EQ(error.code, ErrorCode::tls_failed);
        EXPECT_EQ(error.message,
                  "the server's certificate is for hub.example, 192.0.2.7, not for the host asked "
                  "for");
    }
}

TEST_F(ConnectorTest, ExpiredCertificateIsExplained) {
    listen_with(make_certificate("old", "IP:127.0.0.1", &test::authority_certificate(), -1));
    EXPECT_THAT(failure(target()).message, HasSubstr("\"old\" has expired"));
}

TEST_F(ConnectorTest, CloseEndsAConnectionUnderWay) {
    const MutePort mute(true);
    auto to = target();
    to.port = mute.port;
    const auto record = connect(to);
    last_handle.close();
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
    EXPECT_EQ(record->times_closed(), 1);
}

TEST_F(ConnectorTest, CloseFromAnotherThreadEndsAnOpenConnection) {
    listen();
    const auto record = connect(target());
    ASSERT_TRUE(record->wait_started());
    record->handle().close();
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
    EXPECT_EQ(accepted()->wait_closed()->code, ErrorCode::connection_dropped);
}

TEST_F(ConnectorTest, LoopsThatHaveStoppedRefuseAtOnce) {
    listen();
    const auto to = target();
    listener.reset();
    loops.stop();
    const auto record = connect(to);
    EXPECT_EQ(record->times_closed(), 1);
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
}

TEST_F(ConnectorTest, StoppingLoopsEndsConnectionsUnderWay) {
    const MutePort mute(true);
    auto to = target();
    to.port = mute.port;
    const auto record = connect(to);
    loops.stop();
    EXPECT_EQ(record->times_closed(), 1);
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace restante::net
