#include "connection_machine.hpp"

#include <gmock/gmock.h>

namespace restante::device {
namespace {

using namespace std::chrono_literals;
using State = ConnectionMachine::State;
using testing::AllOf;
using testing::Ge;
using testing::Le;

const Failure dropped{FailureKind::dropped, "cut"};
const Failure refused_device{FailureKind::credential, "no"};

class ConnectionMachineTest : public testing::Test {
  protected:
    SteadyTime now{1h};
    ConnectionMachine machine{{.retry = true, .retry_interval = 10s}, 7};

    void make_ready(std::optional<SteadyTime> renew_at = std::nullopt) {
        machine.connect(now);
        machine.accepted(renew_at);
        machine.ready(now);
        ASSERT_EQ(machine.state(), State::connected);
    }
    /// Lets time pass up to the machine's deadline; how long that was.
    Milliseconds pass_pause(Step& step) {
        const auto due = machine.next_deadline();
        if (!due) return -1ms;
        const Milliseconds pause = *due - now;
        now = *due;
        step = machine.advance(now);
        return pause;
    }
};

TEST_F(ConnectionMachineTest, ConnectsAndAnswersWhenReady) {
    const Step begun = machine.connect(now);
    EXPECT_TRUE(begun.open);
    EXPECT_FALSE(begun.ready);
    const Step accepted = machine.accepted(std::nullopt);
    EXPECT_EQ(accepted.connected, true);
    EXPECT_FALSE(accepted.ready);
    const Step ready = machine.ready(now);
    ASSERT_TRUE(ready.ready);
    EXPECT_FALSE(ready.ready->failure);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST_F(ConnectionMachineTest, ConnectWhenReadyIsAnsweredAtOnce) {
    make_ready();
    const Step again = machine.connect(now);
    EXPECT_FALSE(again.open);
    ASSERT_TRUE(again.ready);
    EXPECT_FALSE(again.ready->failure);
}

TEST_F(ConnectionMachineTest, SecondConnectJoinsTheFirst) {
    machine.connect(now);
    const Step joined = machine.connect(now);
    EXPECT_FALSE(joined.open);
    EXPECT_FALSE(joined.ready);
}

TEST_F(ConnectionMachineTest, FirstFailureIsTheCallersAndNotRetried) {
    machine.connect(now);
    const Step step = machine.ended({FailureKind::failed, "no route"}, now);
    ASSERT_TRUE(step.ready);
    EXPECT_EQ(step.ready->failure, (Failure{FailureKind::failed, "no route"}));
    EXPECT_FALSE(step.report);
    EXPECT_FALSE(step.connected);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST_F(ConnectionMachineTest, FailureBetweenAcceptedAndReadyIsTheCallersToo) {
    machine.connect(now);
    machine.accepted(std::nullopt);
    const Step step = machine.ended(dropped, now);
    EXPECT_EQ(step.connected, false);
    EXPECT_EQ(step.ready->failure, dropped);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST_F(ConnectionMachineTest, AttemptThatTakesAMinuteIsCut) {
    machine.connect(now);
    EXPECT_EQ(machine.next_deadline(), now + 60s);
    EXPECT_FALSE(machine.advance(now + 59s).abort);
    const Step step = machine.advance(now + 60s);
    EXPECT_TRUE(step.abort);
    EXPECT_EQ(step.ready->failure->kind, FailureKind::timeout);
    EXPECT_EQ(machine.state(), State::disconnected);
}

TEST_F(ConnectionMachineTest, DropIsReportedAndRetriedAlmostAtOnce) {
    make_ready();
    const Step step = machine.ended(dropped, now);
    EXPECT_EQ(step.connected, false);
    EXPECT_EQ(step.report, dropped);
    Step retry;
    EXPECT_LE(pass_pause(retry), first_retry_max);
    EXPECT_TRUE(retry.open);
}

TEST_F(ConnectionMachineTest, PausesGrowUpToTheIntervalForever) {
    make_ready();
    machine.ended(dropped, now);
    Step step;
    pass_pause(step);
    for (const Milliseconds longest : {1s, 2s, 4s, 8s, 10s, 10s, 10s}) {
        const Step failed = machine.ended({FailureKind::failed, "refused"}, now);
        EXPECT_TRUE(failed.report);
        EXPECT_THAT(pass_pause(step).count(), AllOf(Ge(longest.count() / 2), Le(longest.count())));
        EXPECT_TRUE(step.open);
    }
    for (int i = 0; i < 1000; ++i) {
        machine.ended({FailureKind::tls, "untrusted"}, now);
        EXPECT_LE(pass_pause(step), 10s);
        ASSERT_TRUE(step.open);
    }
}

TEST_F(ConnectionMachineTest, ConnectionsThatBreakAtOnceDoNotShortenThePause) {
    make_ready();
    Step step;
    Milliseconds longest{0};
    for (int i = 0; i < 6; ++i) {
        machine.ended(dropped, now);
        longest = std::max(longest, pass_pause(step));
        machine.accepted(std::nullopt);
        machine.ready(now);
    }
    EXPECT_GE(longest, 4s);
}

TEST_F(ConnectionMachineTest, ConnectionThatHeldMakesTheNextRetryPrompt) {
    make_ready();
    Step step;
    for (int i = 0; i < 6; ++i) {
        machine.ended(dropped, now);
        pass_pause(step);
    }
    machine.accepted(std::nullopt);
    machine.ready(now);
    now += 10s;
    machine.ended(dropped, now);
    EXPECT_LE(pass_pause(step), first_retry_max);
}

TEST_F(ConnectionMachineTest, RefusedCredentialsEndTheAttempts) {
    make_ready();
    machine.ended(dropped, now);
    Step step;
    pass_pause(step);
    const Step refused = machine.ended(refused_device, now);
    EXPECT_EQ(refused.report, refused_device);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
    EXPECT_FALSE(machine.wanted());
}

TEST_F(ConnectionMachineTest, WithoutRetryADropIsTheEnd) {
    machine = ConnectionMachine({.retry = false, .retry_interval = 10s}, 7);
    make_ready();
    EXPECT_EQ(machine.ended(dropped, now).report, dropped);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST_F(ConnectionMachineTest, ConnectCutsTheRetryPauseShort) {
    make_ready();
    machine.ended(dropped, now);
    EXPECT_TRUE(machine.connect(now).open);
    // Its failure is the caller's, and the attempts go on.
    const Step failed = machine.ended({FailureKind::failed, "refused"}, now);
    EXPECT_TRUE(failed.ready->failure);
    EXPECT_TRUE(machine.next_deadline());
}

TEST_F(ConnectionMachineTest, DisconnectSaysGoodByeAndAnswersWhenItIsOver) {
    make_ready();
    const Step step = machine.disconnect(now);
    EXPECT_TRUE(step.close);
    EXPECT_EQ(step.connected, false);
    EXPECT_FALSE(step.disconnected);
    const Step over = machine.ended({FailureKind::cancelled, ""}, now);
    EXPECT_TRUE(over.disconnected);
    EXPECT_FALSE(over.report);
    EXPECT_FALSE(over.connected);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST_F(ConnectionMachineTest, GoodByeThatIsNotHeardIsCutAfterTwoSeconds) {
    make_ready();
    machine.disconnect(now);
    const Step step = machine.advance(now + 2s);
    EXPECT_TRUE(step.abort);
    EXPECT_TRUE(step.disconnected);
    EXPECT_EQ(machine.state(), State::disconnected);
}

TEST_F(ConnectionMachineTest, DisconnectWhileConnectingCutsAndCancels) {
    machine.connect(now);
    const Step step = machine.disconnect(now);
    EXPECT_TRUE(step.abort);
    EXPECT_TRUE(step.disconnected);
    EXPECT_EQ(step.ready->failure->kind, FailureKind::cancelled);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
}

TEST_F(ConnectionMachineTest, DisconnectEndsTheRetries) {
    make_ready();
    machine.ended(dropped, now);
    const Step step = machine.disconnect(now);
    EXPECT_TRUE(step.disconnected);
    EXPECT_EQ(machine.next_deadline(), std::nullopt);
    EXPECT_FALSE(machine.advance(now + 1h).open);
}

TEST_F(ConnectionMachineTest, DisconnectWhenDisconnectedIsDone) {
    const Step step = machine.disconnect(now);
    EXPECT_TRUE(step.disconnected);
    EXPECT_FALSE(step.close || step.abort || step.connected);
}

TEST_F(ConnectionMachineTest, ConnectDuringTheGoodByeFollowsIt) {
    make_ready();
    machine.disconnect(now);
    EXPECT_FALSE(machine.connect(now).open);
    const Step step = machine.ended({FailureKind::cancelled, ""}, now);
    EXPECT_TRUE(step.disconnected);
    EXPECT_TRUE(step.open);
    EXPECT_FALSE(step.ready);
}

TEST_F(ConnectionMachineTest, TokenIsRenewedByAGoodByeAndANewConnection) {
    make_ready(now + 58min);
    EXPECT_EQ(machine.next_deadline(), now + 58min);
    now += 58min;
    const Step renewing = machine.advance(now);
    EXPECT_TRUE(renewing.close);
    EXPECT_EQ(renewing.connected, false);
    const Step next = machine.ended({FailureKind::cancelled, ""}, now);
    EXPECT_TRUE(next.open);
    EXPECT_FALSE(next.report);
    EXPECT_EQ(machine.accepted(now + 58min).connected, true);
}

TEST_F(ConnectionMachineTest, FailedRenewalIsRetried) {
    make_ready(now + 58min);
    now += 58min;
    machine.advance(now);
    machine.ended({FailureKind::cancelled, ""}, now);
    EXPECT_TRUE(machine.ended({FailureKind::failed, "refused"}, now).report);
    Step retry;
    EXPECT_LE(pass_pause(retry), first_retry_max);
    EXPECT_TRUE(retry.open);
}

TEST_F(ConnectionMachineTest, DisconnectDuringARenewalWins) {
    make_ready(now + 58min);
    now += 58min;
    machine.advance(now);
    machine.disconnect(now);
    const Step over = machine.ended({FailureKind::cancelled, ""}, now);
    EXPECT_FALSE(over.open);
    EXPECT_TRUE(over.disconnected);
}

TEST_F(ConnectionMachineTest, UnansweredRequestOnAReadyConnectionCutsAndReconnects) {
    make_ready();
    machine.requested(now);
    EXPECT_EQ(machine.next_deadline(), now + 60s);
    now += 60s;
    const Step step = machine.advance(now);
    EXPECT_TRUE(step.abort);
    EXPECT_EQ(step.connected, false);
    EXPECT_EQ(step.ready->failure->kind, FailureKind::timeout);
    EXPECT_TRUE(step.report);
    EXPECT_TRUE(machine.next_deadline());
}

TEST_F(ConnectionMachineTest, LateReportsOfAConnectionThatWasCutChangeNothing) {
    machine.connect(now);
    machine.disconnect(now);
    EXPECT_FALSE(machine.accepted(std::nullopt).connected);
    EXPECT_FALSE(machine.ready(now).ready);
    const Step late = machine.ended(dropped, now);
    EXPECT_FALSE(late.report || late.ready || late.disconnected || late.open);
}

}  // namespace
}  // namespace restante::device
