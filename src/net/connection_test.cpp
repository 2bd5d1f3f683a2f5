// Connections over real loopback sockets: the server's end is ours, the far end ours or played by
// hand (RawPeer).

#include "net/connection.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "support/loopback.hpp"
#include "support/raw_peer.hpp"

namespace restante::net {
namespace {

using namespace std::chrono_literals;
using test::RawPeer;
using test::RecordingSession;
using testing::HasSubstr;
using testing::StartsWith;

class ConnectionTest : public test::Loopback {
  protected:
    void echo() {
        prepare_server = [](RecordingSession& session) {
            session.on_receive = [](RecordingSession& self, BytesView bytes) {
                self.send(as_text(bytes));
            };
        };
    }
    /// Sessions that send without end, a piece whenever the last has been written.
    void pour(std::atomic<std::size_t>& poured) {
        prepare_server = [&poured](RecordingSession& session) {
            session.on_drained = [&poured] {
                poured += 64 * 1024;
                return Bytes(64 * 1024, 'x');
            };
        };
    }
};

class EachTlsVersion : public ConnectionTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(, EachTlsVersion, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(EachTlsVersion, EchoesWhatArrives) {
    echo();
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls(GetParam()));
    EXPECT_TRUE(peer.send("hello"));
    EXPECT_EQ(peer.receive_all(5), "hello");
    EXPECT_THAT(accepted()->peer().address, StartsWith("127.0.0.1:"));
}

TEST_P(EachTlsVersion, CarriesMegabytesBothWaysAtOnce) {
    echo();
    listen();
    std::string sent;
    for (int i = 0; sent.size() < 8'000'000; ++i) sent += std::to_string(i);
    const auto tls = test::client_tls();
    SSL_CTX_set_max_proto_version(tls->native(), GetParam());
    auto to = target();
    to.tls = tls;
    const auto client = connect(to, [&](RecordingSession& session) {
        session.on_start = [&](RecordingSession& self) { self.send(sent); };
    });
    ASSERT_TRUE(client->wait_received(sent.size()));
    EXPECT_EQ(client->received(), sent);
}

TEST_F(ConnectionTest, FinishedSessionSaysItsLastWordsAndClosesTls) {
    prepare_server = [](RecordingSession& session) {
        session.on_receive = [](RecordingSession& self, BytesView) {
            self.send(std::string(2'000'000, 'z'));
            self.over = true;
        };
    };
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    peer.send("bye");
    EXPECT_EQ(peer.receive_all().size(), 2'000'000u);
    EXPECT_TRUE(peer.heard_close_notify());
    const auto record = accepted();
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
    EXPECT_EQ(record->times_closed(), 1);
}

TEST_F(ConnectionTest, LastWordsArriveAlthoughThePeerKeepsTalking) {
    prepare_server = [](RecordingSession& session) {
        session.on_receive = [](RecordingSession& self, BytesView) {
            self.send("enough");
            self.over = true;
        };
    };
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const std::string noise(16'000, 'n');
    for (int i = 0; i < 20; ++i) peer.send(noise);
    EXPECT_EQ(peer.receive_all(), "enough");
    EXPECT_TRUE(peer.heard_close_notify());
}

TEST_F(ConnectionTest, PeerThatDoesNotReadIsNotFed) {
    std::atomic<std::size_t> poured = 0;
    pour(poured);
    auto with = options();
    with.connection.write_stall_timeout = 300ms;
    listen(with);
    RawPeer peer;
    peer.read_little();
    peer.connect(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const auto error = accepted()->wait_closed();
    EXPECT_EQ(error->code, ErrorCode::connection_dropped);
    EXPECT_THAT(error->message, HasSubstr("has read nothing for 300 ms"));
    EXPECT_LT(poured.load(), 16u * 1024 * 1024);  // the kernel's buffers, not ours
}

TEST_F(ConnectionTest, PeerThatDoesNotReadIsNotHeard) {
    std::atomic<std::size_t> heard = 0;
    prepare_server = [&](RecordingSession& session) {
        session.keeps_input = false;
        session.on_receive = [&](RecordingSession& self, BytesView bytes) {
            heard += bytes.size();
            self.send(std::string(bytes.size() * 64, 'a'));
        };
    };
    auto with = options();
    with.connection.write_stall_timeout = 300ms;
    with.connection.output_limit = 64 * 1024;
    listen(with);
    RawPeer peer;
    peer.read_little();
    peer.connect(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const std::string noise(16'000, 'n');
    std::size_t sent = 0;
    for (; sent < 64'000'000; sent += noise.size()) {
        if (!peer.send(noise)) break;  // it was given up meanwhile
    }
    EXPECT_EQ(accepted()->wait_closed()->code, ErrorCode::connection_dropped);
    EXPECT_LT(heard.load(), 1'000'000u);
    EXPECT_LT(sent, 64'000'000u);
}

TEST_F(ConnectionTest, ReadingResumesWhenThePeerReadsAgain) {
    prepare_server = [](RecordingSession& session) {
        session.on_receive = [](RecordingSession& self, BytesView bytes) {
            self.send(std::string(bytes.size() * 100, 'a'));
        };
    };
    auto with = options();
    with.connection.output_limit = 1024;
    listen(with);
    RawPeer peer;
    peer.read_little();
    peer.connect(listener->port());
    ASSERT_TRUE(peer.start_tls());
    for (int i = 0; i < 50; ++i) peer.send(std::string(1000, 'n'));
    EXPECT_EQ(peer.receive_all(50 * 100'000).size(), 50u * 100'000);
}

TEST_F(ConnectionTest, PostRunsOnTheLoopAndSendsWhatItLeaves) {
    RecordingSession* session = nullptr;
    std::thread::id loop;
    prepare_server = [&](RecordingSession& made) {
        session = &made;
        loop = std::this_thread::get_id();
    };
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const auto record = accepted();
    std::promise<std::thread::id> ran;
    record->handle().post([&, text = std::make_unique<std::string>("posted")] {
        session->send(*text);
        ran.set_value(std::this_thread::get_id());
    });
    EXPECT_EQ(peer.receive_all(6), "posted");
    EXPECT_EQ(ran.get_future().get(), loop);
    EXPECT_NE(loop, std::this_thread::get_id());
}

TEST_F(ConnectionTest, PostAfterTheEndIsDropped) {
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const auto record = accepted();
    const auto handle = record->handle();
    handle.close();
    EXPECT_EQ(record->wait_closed()->code, ErrorCode::cancelled);
    auto ran = std::make_shared<std::atomic<bool>>(false);
    handle.post([ran] { *ran = true; });
    listener.reset();
    loops.stop();
    handle.post([ran] { *ran = true; });
    handle.close();
    EXPECT_FALSE(*ran);
    EXPECT_EQ(ran.use_count(), 1);
    EXPECT_EQ(record->times_closed(), 1);
}

TEST_F(ConnectionTest, CloseTellsThePeer) {
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    accepted()->handle().close();
    EXPECT_EQ(peer.receive_all(), "");
    EXPECT_TRUE(peer.heard_close_notify());
}

TEST_F(ConnectionTest, PeerThatVanishesIsDropped) {
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const auto record = accepted();
    peer.vanish();
    const auto error = record->wait_closed();
    EXPECT_EQ(error->code, ErrorCode::connection_dropped);
    EXPECT_THAT(error->message, HasSubstr("without closing TLS"));
}

TEST_F(ConnectionTest, PeerThatVanishesAmidOutputIsDropped) {
    std::atomic<std::size_t> poured = 0;
    pour(poured);
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    EXPECT_GE(peer.receive_all(100'000).size(), 100'000u);
    peer.vanish();
    EXPECT_EQ(accepted()->wait_closed()->code, ErrorCode::connection_dropped);
}

TEST_F(ConnectionTest, PeerThatClosesStillGetsItsAnswer) {
    echo();
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    const auto record = accepted();
    peer.send("question");
    peer.close_notify();
    EXPECT_EQ(peer.receive_all(), "question");
    const auto error = record->wait_closed();
    EXPECT_EQ(error->code, ErrorCode::connection_dropped);
    EXPECT_THAT(error->message, HasSubstr("the peer closed"));
}

TEST_F(ConnectionTest, SessionDeadlineIsKept) {
    prepare_server = [this](RecordingSession& session) {
        session.deadline = clock.now().steady + 20ms;
        session.on_advance = [](RecordingSession& self, Now now) {
            EXPECT_GE(now.steady, *self.deadline);
            self.deadline.reset();
            self.send("late");
            self.over = true;
        };
    };
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    EXPECT_EQ(peer.receive_all(), "late");
}

TEST_F(ConnectionTest, DeadlineThatMovesCloserIsKept) {
    prepare_server = [this](RecordingSession& session) {
        session.deadline = clock.now().steady + 1h;
        session.on_receive = [this](RecordingSession& self, BytesView) {
            self.deadline = clock.now().steady + 10ms;
        };
        session.on_advance = [](RecordingSession& self, Now) { self.over = true; };
    };
    listen();
    RawPeer peer(listener->port());
    ASSERT_TRUE(peer.start_tls());
    peer.send("sooner");
    EXPECT_EQ(accepted()->wait_closed()->code, ErrorCode::cancelled);
}

TEST_F(ConnectionTest, ManyThreadsMayPostWhileTheConnectionEnds) {
    listen();
    for (int round = 0; round < 20; ++round) {
        RawPeer peer(listener->port());
        ASSERT_TRUE(peer.start_tls());
        const auto record = accepted();
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([handle = record->handle()] {
                for (int n = 0; n < 200; ++n) handle.post([] {});
            });
        }
        peer.vanish();
        EXPECT_TRUE(record->wait_closed().has_value());
        threads.clear();
        EXPECT_EQ(record->times_closed(), 1);
    }
}

}  // namespace
}  // namespace restante::net
