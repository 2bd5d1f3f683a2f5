#include "net/listener.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "support/loopback.hpp"
#include "support/raw_peer.hpp"

namespace restante::net {
namespace {

using namespace std::chrono_literals;
using test::RawPeer;
using test::RecordingSession;
using testing::HasSubstr;
using testing::Not;

class ListenerTest : public test::Loopback {
  protected:
    std::string refusal(ListenerOptions with) {
        auto started = Listener::start(loops, clock, logger, std::move(with));
        EXPECT_FALSE(started.has_value());
        return started ? "" : started.error().message;
    }
    /// Tries until a connection gets as far as TLS.
    bool gets_in() const {
        const auto end = clock.now().steady + test::Record::patience;
        while (!RawPeer(listener->port()).start_tls()) {
            if (clock.now().steady > end) return false;
        }
        return true;
    }
};

TEST_F(ListenerTest, NamesThePortThatIsTaken) {
    listen();
    auto second = options();
    second.port = listener->port();
    EXPECT_EQ(refusal(second),
              "cannot listen on 127.0.0.1 port " + std::to_string(listener->port()) +
                  ": address already in use; another program, or another hub, listens there");
}

TEST_F(ListenerTest, RefusesANameInPlaceOfAnAddress) {
    auto with = options();
    with.address = "localhost";
    EXPECT_THAT(refusal(with), HasSubstr("not an IPv4 or IPv6 address"));
}

TEST_F(ListenerTest, RefusesAnAddressOfAnotherMachine) {
    auto with = options();
    with.address = "192.0.2.1";
    EXPECT_THAT(refusal(with), HasSubstr("this machine has no such address"));
}

TEST_F(ListenerTest, PortIsFreeAgainAfterStop) {
    listen();
    auto again = options();
    again.port = listener->port();
    {
        RawPeer peer(listener->port());
        ASSERT_TRUE(peer.start_tls());
        accepted();
        listener.reset();
    }
    listen(again);
    EXPECT_EQ(listener->port(), again.port);
}

TEST_F(ListenerTest, PlainHttpOnTheTlsPortIsExplained) {
    listen();
    RawPeer peer(listener->port());
    peer.send("GET / HTTP/1.1\r\nHost: hub\r\n\r\n");
    EXPECT_TRUE(sink.wait_for("speaks plain HTTP"));
    EXPECT_THAT(sink.text(), HasSubstr("level=warning event=tls_handshake_failed"));
}

TEST_F(ListenerTest, PlainMqttOnTheTlsPortIsExplained) {
    listen();
    RawPeer peer(listener->port());
    peer.send(std::string_view("\x10\x12\x00\x04MQTT\x04\x02\x00\x3C\x00\x06hello!", 20));
    EXPECT_TRUE(sink.wait_for("does not speak TLS on this TLS port"));
}

TEST_F(ListenerTest, ClientThatDoesNotTrustTheHubIsToldWhichFileHelps) {
    listen();
    auto to = target();
    to.tls = test::client_tls(test::device_certificate().certificate_pem);
    connect(to);
    EXPECT_TRUE(
        sink.wait_for("does not trust this hub's certificate authority; give it "
                      "hub/ca.pem"));
}

TEST_F(ListenerTest, ClientWithoutTls12IsRefused) {
    listen();
    RawPeer peer(listener->port());
    EXPECT_FALSE(peer.start_tls(TLS1_1_VERSION));
}

TEST_F(ListenerTest, SlowHandshakeIsCutOff) {
    auto with = options();
    with.connection.handshake_timeout = 50ms;
    listen(with);
    RawPeer peer(listener->port());
    peer.send("\x16\x03\x01");
    EXPECT_EQ(peer.receive_all(), "");
    EXPECT_TRUE(sink.wait_for("the TLS handshake was not complete after 50 ms"));
}

TEST_F(ListenerTest, ConnectionThatSaysNothingIsNoWarning) {
    listen();
    RawPeer peer(listener->port());
    peer.vanish();
    EXPECT_TRUE(sink.wait_for("level=debug event=silent_connection"));
    EXPECT_THAT(sink.text(), Not(HasSubstr("level=warning")));
}

TEST_F(ListenerTest, IPv6AndIPv4ReachTheUnspecifiedAddress) {
    auto with = options();
    with.address = "::";
    auto started = Listener::start(loops, clock, logger, with);
    if (!started && started.error().message.find("no IPv6") != std::string::npos) {
        GTEST_SKIP() << started.error().message;
    }
    listener = std::move(started.value());
    auto to = target();
    to.host = "::1";
    EXPECT_TRUE(connect(to)->wait_started());
    EXPECT_THAT(accepted()->peer().address, testing::StartsWith("[::1]:"));
    to.host = "127.0.0.1";
    EXPECT_TRUE(connect(to)->wait_started());
    const auto record = accepted();
    EXPECT_THAT(record->peer().address, testing::StartsWith("127.0.0.1:"));
}

TEST_F(ListenerTest, FurtherConnectionsAreClosedWhenFull) {
    auto with = options();
    with.connections_max = 1;
    listen(with);
    RawPeer first(listener->port());
    ASSERT_TRUE(first.start_tls());
    accepted();
    RawPeer second(listener->port());
    EXPECT_EQ(second.receive_all(), "");
    EXPECT_TRUE(sink.wait_for("event=connections_exhausted"));
    EXPECT_EQ(listener->connections(), 1u);
}

TEST_F(ListenerTest, StrangersOfOneAddressAreRefusedBeyondTheirBoundUntilOneEndsOrProvesItself) {
    prepare_server = [](RecordingSession& session) {
        session.on_receive = [](RecordingSession& self, BytesView bytes) {
            self.proof_heard = true;
            self.send(as_text(bytes));
        };
    };
    auto with = options();
    with.admission = std::make_shared<Admission>(2);
    listen(with);
    RawPeer silent(listener->port());
    RawPeer first(listener->port());
    ASSERT_TRUE(first.start_tls());
    accepted();
    RawPeer third(listener->port());
    EXPECT_FALSE(third.start_tls());
    EXPECT_TRUE(sink.wait_for("level=warning event=connection_refused"));
    EXPECT_THAT(sink.text(), HasSubstr("2 connections of this address have not proved who they "
                                       "are; if they are devices behind one address, raise "
                                       "unproved-connections-per-address-max"));

    first.send("my proof");
    EXPECT_EQ(first.receive(), "my proof");  // so it is no stranger any more
    RawPeer fourth(listener->port());
    ASSERT_TRUE(fourth.start_tls());
    EXPECT_FALSE(RawPeer(listener->port()).start_tls());

    fourth.vanish();
    EXPECT_TRUE(gets_in());
    EXPECT_EQ(sink.count("connection_refused"), 1u);
}

TEST_F(ListenerTest, RenewedCertificateServesNewConnections) {
    listen();
    EXPECT_TRUE(connect(target())->wait_started());
    const auto& self_signed = test::device_certificate();
    listener->replace_tls(TlsServer::create({.certificate_chain_pem = self_signed.certificate_pem,
                                             .private_key_pem = self_signed.private_key_pem,
                                             .ca_file = ""})
                              .value());
    EXPECT_EQ(connect(target())->wait_closed()->code, ErrorCode::tls_failed);
}

TEST_F(ListenerTest, AcceptingPausesWithoutDescriptorsAndResumes) {
    auto with = options();
    with.accept_pause = 20ms;
    listen(with);
    RawPeer warm_up(listener->port());  // opens whatever is opened once
    ASSERT_TRUE(warm_up.start_tls());
    accepted();

    RawPeer peer;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    peer.connect(listener->port());
    EXPECT_TRUE(sink.wait_for("level=error event=accept_paused"));
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_TRUE(peer.start_tls());
}

TEST_F(ListenerTest, StopClosesEverySessionUnderLoad) {
    prepare_server = [](RecordingSession& session) {
        session.keeps_input = false;
        session.on_receive = [](RecordingSession& self, BytesView bytes) {
            self.send(as_text(bytes));
        };
    };
    listen();
    const auto port = listener->port();
    std::atomic<bool> stopped = false;
    std::vector<std::jthread> peers;
    for (int i = 0; i < 4; ++i) {
        peers.emplace_back([&] {
            while (!stopped) {
                RawPeer peer;
                if (!peer.connect(port) || !peer.start_tls()) continue;
                while (peer.send(std::string(5000, 'x')) && !peer.receive().empty()) {
                }
            }
        });
    }
    std::vector<std::shared_ptr<test::Record>> records;
    for (int i = 0; i < 4; ++i) records.push_back(accepted());
    listener->stop();
    for (const auto& record : records) {
        EXPECT_EQ(record->times_closed(), 1);  // by the time stop() has returned
        EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
    }
    stopped = true;
    peers.clear();
    listener->stop();
}

TEST_F(ListenerTest, LoopsMayStopBeforeTheListener) {
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const auto record = accepted();
    loops.stop();
    EXPECT_EQ(record->times_closed(), 1);
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
    listener->stop();
}

}  // namespace
}  // namespace restante::net
