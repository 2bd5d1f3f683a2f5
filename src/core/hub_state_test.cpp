#include "core/hub_state.hpp"

#include <gtest/gtest.h>

#include "support/manual_clock.hpp"

namespace restante::core {
namespace {

using namespace std::chrono_literals;
using Kind = WriteCondition::Kind;

model::DeviceId device_id(const char* text) {
    return *model::DeviceId::parse(text);
}

class HubStateTest : public testing::Test {
  protected:
    Result<model::DeviceIdentity> put(const char* id, WriteCondition condition = {}) {
        return put(model::DeviceDefinition{.id = device_id(id)}, condition);
    }
    Result<model::DeviceIdentity> put(model::DeviceDefinition definition,
                                      WriteCondition condition = {}) {
        return state.put_device(std::move(definition), condition,
                                {.primary = "fresh-1", .secondary = "fresh-2"}, clock.now(),
                                changes);
    }
    Result<model::SequenceNumber> enqueue(const char* id) {
        return state.enqueue(device_id(id), std::make_shared<model::CloudToDeviceMessage>(),
                             clock.now(), changes);
    }

    static ReceiveOrder order(std::size_t max) {
        return {.max = max, .receiver = {1}, .lock_duration = 60s};
    }

    test::ManualClock clock;
    ChangeSet changes;
    HubState state{HubRules(), 7};
};

TEST_F(HubStateTest, MakesKeysForADeviceThatBringsNone) {
    const auto identity = put("d");
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->authentication.symmetric_key.primary, "fresh-1");
    EXPECT_FALSE(identity->generation_id.empty());
    ASSERT_EQ(changes.size(), 1u);
}

TEST_F(HubStateTest, CreatesOnlyOnceAndUpdatesOnlyWhatExists) {
    EXPECT_EQ(put("d", {.kind = Kind::update_any}).error().code, ErrorCode::device_not_found);
    const auto created = put("d");
    EXPECT_EQ(put("d").error().code, ErrorCode::device_already_exists);
    const auto stale = put("d", {.kind = Kind::update_if_version, .version = 99});
    EXPECT_EQ(stale.error().code, ErrorCode::precondition_failed);
    const auto updated = put("d", {.kind = Kind::update_if_version, .version = created->version});
    ASSERT_TRUE(updated);
    EXPECT_EQ(updated->generation_id, created->generation_id);
    EXPECT_NE(updated->version, created->version);
}

TEST_F(HubStateTest, ARecreatedDeviceHasANewLifeAndAnEmptyQueue) {
    const auto first = put("d");
    ASSERT_TRUE(enqueue("d"));
    ASSERT_TRUE(state.delete_device(device_id("d"), std::nullopt, changes));
    const auto second = put("d");
    EXPECT_NE(first->generation_id, second->generation_id);
    EXPECT_EQ(state.queue_size(device_id("d")), 0u);
    EXPECT_EQ(state.next_expiry(), std::nullopt);
}

TEST_F(HubStateTest, RefusesMessagesForUnknownAndDisabledDevices) {
    EXPECT_EQ(enqueue("d").error(), Error(ErrorCode::device_not_found, "d"));
    ASSERT_TRUE(put({.id = device_id("d"), .status = model::DeviceStatus::disabled}));
    EXPECT_EQ(enqueue("d").error(), Error(ErrorCode::device_not_found, "d"));
}

TEST_F(HubStateTest, RefusesTheFiftyFirstMessage) {
    ASSERT_TRUE(put("d"));
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(enqueue("d"));
    EXPECT_EQ(enqueue("d").error().code, ErrorCode::device_maximum_queue_depth_exceeded);
}

TEST_F(HubStateTest, KnowsWhenTimeMattersAndWhomItWakes) {
    ASSERT_TRUE(put("a"));
    ASSERT_TRUE(put("b"));
    ASSERT_TRUE(enqueue("a"));
    ASSERT_TRUE(enqueue("b"));
    EXPECT_EQ(state.next_expiry(), clock.now().wall + 1h);
    EXPECT_EQ(state.next_due(), std::nullopt);
    ASSERT_EQ(state.receive(device_id("a"), order(5), clock.now(), changes).size(), 1u);
    EXPECT_EQ(state.next_due(), clock.now().steady + 60s);
    clock.advance(60s);
    EXPECT_EQ(state.advance(clock.now(), changes), (std::vector<model::DeviceId>{device_id("a")}));
    EXPECT_EQ(state.next_due(), std::nullopt);
    clock.advance(1h);
    EXPECT_TRUE(state.advance(clock.now(), changes).empty());
    EXPECT_EQ(state.queue_size(device_id("a")) + state.queue_size(device_id("b")), 0u);
}

TEST_F(HubStateTest, NoLockTokenOfAnotherRunMeansAnything) {
    ASSERT_TRUE(put("d"));
    ASSERT_TRUE(enqueue("d"));
    const auto locked = state.receive(device_id("d"), order(1), clock.now(), changes);

    HubState next(HubRules(), 8);
    next.recover(*state.find(device_id("d")));
    next.recover(device_id("d"), locked[0].queued);
    ASSERT_EQ(next.receive(device_id("d"), order(1), clock.now(), changes).size(), 1u);
    EXPECT_EQ(
        next.complete(device_id("d"), locked[0].token, LateSettlement::accept, clock.now(), changes)
            .error()
            .code,
        ErrorCode::device_message_lock_lost);
}

TEST_F(HubStateTest, KeepsMqttSubscriptionsUntilTheyAreEmptied) {
    ASSERT_TRUE(put("d"));
    changes.clear();
    const model::MqttSubscriptions subscriptions{{.filter = "devices/d/#", .granted_qos = 1}};
    ASSERT_TRUE(state.put_subscriptions(device_id("d"), subscriptions, changes));
    ASSERT_TRUE(state.put_subscriptions(device_id("d"), subscriptions, changes));
    EXPECT_EQ(changes.size(), 1u) << "no write for what is there already";
    EXPECT_EQ(*state.subscriptions(device_id("d")), subscriptions);
    ASSERT_TRUE(state.put_subscriptions(device_id("d"), {}, changes));
    EXPECT_EQ(state.subscriptions(device_id("d")), nullptr);
}

// -- feedback ------------------------------------------------------------------------------------

class HubStateFeedbackTest : public HubStateTest {
  protected:
    void send(model::AckRequest ack, std::optional<Milliseconds> life = std::nullopt) {
        auto message = std::make_shared<model::CloudToDeviceMessage>();
        message->message_id = "m";
        message->ack = ack;
        if (life) message->expiry_time = clock.now().wall + *life;
        ASSERT_TRUE(state.enqueue(device_id("d"), std::move(message), clock.now(), changes));
    }
    model::LockToken receive() {
        return state.receive(device_id("d"), order(1), clock.now(), changes).at(0).token;
    }
    /// The records made since this was last asked; each must stand in the set that ends a message.
    std::vector<model::FeedbackStatus> told() {
        std::vector<model::FeedbackStatus> statuses;
        std::size_t ended = 0;
        for (const auto& change : changes) {
            ended += std::holds_alternative<DeleteMessage>(change);
            if (const auto* put = std::get_if<PutFeedbackRecord>(&change)) {
                statuses.push_back(put->record.status);
                EXPECT_EQ(put->record.original_message_id, "m");
                EXPECT_EQ(put->record.generation_id, state.find(device_id("d"))->generation_id);
                EXPECT_EQ(put->record.ended_at, clock.now().wall);
            }
        }
        EXPECT_GE(ended, statuses.size());
        changes.clear();
        return statuses;
    }
};

TEST_F(HubStateFeedbackTest, EachEndIsToldToWhoAskedForItAndOnce) {
    using enum model::AckRequest;
    using Status = model::FeedbackStatus;
    using Told = std::vector<Status>;
    ASSERT_TRUE(put("d"));
    for (const auto ack : {none, positive, negative, full}) {
        SCOPED_TRACE(static_cast<int>(ack));
        const bool good = ack == positive || ack == full;
        const bool bad = ack == negative || ack == full;
        const auto expected = [](bool wanted, Status status) {
            return wanted ? Told{status} : Told{};
        };
        send(ack);
        ASSERT_TRUE(state.complete(device_id("d"), receive(), LateSettlement::refuse, clock.now(),
                                   changes));
        EXPECT_EQ(told(), expected(good, Status::success));
        send(ack);
        ASSERT_TRUE(state.reject(device_id("d"), receive(), clock.now(), changes));
        EXPECT_EQ(told(), expected(bad, Status::rejected));
        send(ack, 1s);
        clock.advance(1s);
        state.advance(clock.now(), changes);
        EXPECT_EQ(told(), expected(bad, Status::expired));
        send(ack);
        EXPECT_EQ(state.purge(device_id("d"), clock.now(), changes), 1u);
        EXPECT_EQ(told(), expected(bad, Status::purged));
        send(ack);
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(told(), Told{});
            ASSERT_TRUE(state.abandon(device_id("d"), receive(), clock.now(), changes));
        }
        EXPECT_EQ(told(), expected(bad, Status::delivery_count_exceeded));
    }
}

TEST_F(HubStateFeedbackTest, AMessageOfADeletedDeviceIsToldToNobody) {
    ASSERT_TRUE(put("d"));
    send(model::AckRequest::full);
    changes.clear();
    ASSERT_TRUE(state.delete_device(device_id("d"), std::nullopt, changes));
    for (const auto& change : changes) {
        EXPECT_FALSE(std::holds_alternative<PutFeedbackRecord>(change));
    }
}

TEST_F(HubStateFeedbackTest, WallClockJumpsMoveExpiryAndNothingElse) {
    ASSERT_TRUE(put("d"));
    send(model::AckRequest::full, 2h);
    const auto token = receive();
    clock.set_wall(clock.now().wall - 1h);
    state.advance(clock.now(), changes);
    EXPECT_EQ(told(), std::vector<model::FeedbackStatus>{});
    clock.set_wall(clock.now().wall + 48h);
    state.advance(clock.now(), changes);
    EXPECT_EQ(told(), std::vector<model::FeedbackStatus>{}) << "its holder may still complete it";
    clock.advance(59s);
    ASSERT_TRUE(
        state.complete(device_id("d"), token, LateSettlement::refuse, clock.now(), changes));
    EXPECT_EQ(told(), std::vector{model::FeedbackStatus::success});

    send(model::AckRequest::full, 24h);
    clock.set_wall(clock.now().wall + 48h);
    state.advance(clock.now(), changes);
    EXPECT_EQ(told(), std::vector{model::FeedbackStatus::expired});
}

TEST_F(HubStateTest, AMessageThatBreaksTheModelsRulesLeavesTheQueueAsItWas) {
    ASSERT_TRUE(put("d"));
    changes.clear();
    const auto refused = state.enqueue(
        device_id("d"),
        std::make_shared<model::CloudToDeviceMessage>(
            model::CloudToDeviceMessage{.body = Bytes(model::limits::message_bytes_max + 1, 'x')}),
        clock.now(), changes);
    EXPECT_EQ(refused.error().code, ErrorCode::message_too_large);
    EXPECT_TRUE(changes.empty());
    EXPECT_EQ(state.queue_size(device_id("d")), 0u);
}

}  // namespace
}  // namespace restante::core
