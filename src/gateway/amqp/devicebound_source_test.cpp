#include "gateway/amqp/devicebound_source.hpp"

#include <gmock/gmock.h>

#include <map>

#include "model/limits.hpp"
#include "support/amqp_session_client.hpp"
#include "support/test_hub.hpp"
#include "wire/devicebound_address.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using amqp::ReceiverSettleMode;
using test::AmqpClient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* devicebound = "/devices/d1/messages/devicebound";

const amqp::DeliveryState accepted = amqp::Accepted{};
const amqp::DeliveryState rejected = amqp::Rejected{};
const amqp::DeliveryState released = amqp::Released{};

class DeviceboundSourceTest : public test::TestHub {
  protected:
    std::unique_ptr<AmqpClient> open() {
        auto client = std::make_unique<AmqpClient>(access, clock);
        EXPECT_EQ(client->put_token(device_token(d1)), "200 OK");
        return client;
    }
    void send_all(std::initializer_list<std::string_view> bodies) {
        for (const auto body : bodies) ASSERT_TRUE(send("d1", body));
    }
    /// Lets the hub and the client do what they will.
    void rest(AmqpClient& client) {
        client.pump();
        settle({&client.harness});
        client.pump();
    }
    /// The locks of all that is out end.
    void end_locks(AmqpClient& client) {
        clock.advance(61s);
        hub.advance();
        rest(client);
    }
    static std::uint8_t delivery_count(const AmqpClient::Received& received) {
        const auto* value = received.message.message_annotations.find("iothub-deliverycount");
        return *value->get_if<std::uint8_t>();
    }

    const model::DeviceIdentity d1 = create("d1");
};

// -- receiving -----------------------------------------------------------------------------------

TEST_F(DeviceboundSourceTest, ADeviceReceivesWhatWaitedAndWhatComes) {
    model::CloudToDeviceMessage message;
    message.body = to_bytes("waited");
    message.message_id = "m1";
    message.properties = {{"colour", "blue"}};
    ASSERT_TRUE(send("d1", message));
    auto client = open();
    const auto link = client->receiver(devicebound);
    auto received = client->receive();
    EXPECT_EQ(received.delivery.link, link);
    EXPECT_FALSE(received.delivery.settled);
    EXPECT_THAT(received.delivery.tag, SizeIs(16));
    EXPECT_EQ(received.body(), "waited");
    EXPECT_EQ(received.message.properties->message_id, amqp::Value("m1"));
    EXPECT_EQ(received.message.properties->to, devicebound);
    EXPECT_EQ(*received.message.application_properties.find("colour"), amqp::Value("blue"));
    ASSERT_TRUE(send("d1", "comes"));
    received = client->receive();
    EXPECT_EQ(received.body(), "comes");
    EXPECT_EQ(queued("d1"), 2U);
    EXPECT_THAT(log.of("device_attached"),
                ElementsAre(HasSubstr("device=d1 protocol=amqp peer=192.0.2.7:40112")));
}

TEST_F(DeviceboundSourceTest, NothingComesBeyondTheCreditThatWasGiven) {
    send_all({"1", "2", "3", "4"});
    auto client = open();
    const auto link = client->receiver(devicebound, 0);
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
    client->engine.set_credit_window(link, 3);
    for (const auto* body : {"1", "2", "3"}) EXPECT_EQ(client->receive().body(), body);
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
    client->engine.set_credit_window(link, 4);
    EXPECT_EQ(client->receive().body(), "4");
}

TEST_F(DeviceboundSourceTest, AWholeQueueComesInOrderAndSettledInOneRange) {
    for (std::size_t i = 0; i < model::limits::queue_depth_max; ++i) {
        ASSERT_TRUE(send("d1", std::to_string(i)));
    }
    auto client = open();
    const auto link = client->receiver(devicebound, 1000);
    std::vector<amqp::DeliveryId> ids;
    for (std::size_t i = 0; i < model::limits::queue_depth_max; ++i) {
        const auto received = client->receive();
        EXPECT_EQ(received.body(), std::to_string(i));
        ids.push_back(received.delivery.id);
    }
    for (const auto id : ids) EXPECT_TRUE(client->engine.settle(link, id, accepted));
    rest(*client);
    EXPECT_EQ(queued("d1"), 0U);
}

TEST_F(DeviceboundSourceTest, ADrainBringsWhatWaitsAndGivesBackTheRest) {
    send_all({"1", "2"});
    auto client = open();
    client->receiver(devicebound, 0);
    client->flow(5, true);
    EXPECT_EQ(client->receive().body(), "1");
    EXPECT_EQ(client->receive().body(), "2");
    ASSERT_TRUE(send("d1", "later"));
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
    client->flow(1, true);
    EXPECT_EQ(client->receive().body(), "later");
    client->flow(1, true);
    rest(*client);
    ASSERT_TRUE(send("d1", "too late"));
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
}

TEST_F(DeviceboundSourceTest, OfManyFullQueuesEachHasItsTurnAndADrainWaitsForIt) {
    constexpr std::size_t devices = AmqpContext::asked_max / LockedSource::window + 4;
    auto client = std::make_unique<AmqpClient>(access, clock);
    EXPECT_EQ(client->put_token(policy_token("device")), "200 OK");
    std::vector<amqp::LinkId> links;
    for (std::size_t device = 0; device < devices; ++device) {
        const auto name = fmt::format("full{}", device);
        create(name);
        for (std::size_t i = 0; i < LockedSource::window; ++i) ASSERT_TRUE(send(name, "x"));
        links.push_back(client->receiver(wire::devicebound_to(*model::DeviceId::parse(name)), 0));
    }
    for (const auto link : links) {
        if (link != links.back()) client->engine.set_credit_window(link, LockedSource::window);
    }
    client->pump();  // asks for as much as may be under way; no answer has been heard yet
    client->flow(2 * LockedSource::window, true);
    std::map<amqp::LinkId, std::size_t> received;
    for (std::size_t i = 0; i < devices * LockedSource::window; ++i) {
        ++received[client->receive().delivery.link];
    }
    for (const auto link : links) EXPECT_EQ(received[link], LockedSource::window);
}

TEST_F(DeviceboundSourceTest, WhatComesForCreditThatWasTakenBackIsHeldWhileItsLockRuns) {
    send_all({"1"});
    auto client = open();
    client->receiver(devicebound, 0);
    rest(*client);
    client->flow(1);  // a fetch is under way
    client->flow(0);
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
    client->flow(1);
    EXPECT_EQ(client->receive().body(), "1");

    send_all({"2"});
    client->flow(1);
    client->flow(0);
    rest(*client);
    end_locks(*client);
    client->flow(5);
    // The first is out again too, as its lock has ended as well; the held one comes once.
    EXPECT_EQ(client->receive().body(), "1");
    EXPECT_EQ(client->receive().body(), "2");
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
}

TEST_F(DeviceboundSourceTest, ADeviceThatWantsItsMessagesSettledHasCompletedThem) {
    send_all({"1", "2"});
    auto client = open();
    auto wanted = amqp::test::receiver_from(devicebound);
    wanted.sender_settle_mode = amqp::SenderSettleMode::settled;
    const auto link = client->attach(wanted);
    client->engine.set_credit_window(link, 10);
    EXPECT_TRUE(client->receive().delivery.settled);
    EXPECT_EQ(client->receive().body(), "2");
    rest(*client);
    EXPECT_EQ(queued("d1"), 0U);
}

// -- settling ------------------------------------------------------------------------------------

TEST_F(DeviceboundSourceTest, EachOutcomeDoesWhatItSays) {
    auto client = open();
    const auto link = client->receiver(devicebound);
    const auto settle_with = [&](const amqp::DeliveryState& state) {
        const auto received = client->receive();
        EXPECT_TRUE(client->engine.settle(link, received.delivery.id, state));
        rest(*client);
        return delivery_count(received);
    };
    send_all({"completed"});
    EXPECT_EQ(settle_with(accepted), 0);
    EXPECT_EQ(queued("d1"), 0U);
    send_all({"rejected"});
    settle_with(rejected);
    EXPECT_EQ(queued("d1"), 0U);
    send_all({"undeliverable"});
    settle_with(amqp::Modified{.undeliverable_here = true});
    EXPECT_EQ(queued("d1"), 0U);
    send_all({"abandoned"});
    EXPECT_EQ(settle_with(released), 0);
    EXPECT_EQ(settle_with(amqp::Modified{.delivery_failed = true}), 1);
    EXPECT_EQ(queued("d1"), 1U);
    EXPECT_EQ(settle_with(accepted), 2);
    EXPECT_EQ(queued("d1"), 0U);
    // To what the device settled there is nothing to say.
    EXPECT_EQ(client->count<amqp::DispositionReceived>(), 0U);
}

TEST_F(DeviceboundSourceTest, ADeviceThatSettlesSecondHearsTheResult) {
    send_all({"1", "2", "3"});
    auto client = open();
    client->receiver(devicebound, 10, ReceiverSettleMode::second);
    const auto decide = [&](const AmqpClient::Received& received,
                            const amqp::DeliveryState& state) {
        client->disposition(received.delivery.id, state);
        return client->own_settlement();
    };
    const auto first = client->receive();
    EXPECT_EQ(decide(first, accepted).state, accepted);
    EXPECT_EQ(queued("d1"), 2U);
    const auto second = client->receive();
    EXPECT_EQ(decide(second, rejected).state, accepted);
    const auto third = client->receive();
    EXPECT_EQ(decide(third, released).state, accepted);
    const auto again = client->receive();
    EXPECT_EQ(again.body(), "3");
    EXPECT_EQ(delivery_count(again), 1);
}

TEST_F(DeviceboundSourceTest, AfterItsLockADeliveryComesAgainAndTheOldOneHearsSo) {
    send_all({"1"});
    auto client = open();
    client->receiver(devicebound, 10, ReceiverSettleMode::second);
    const auto first = client->receive();
    end_locks(*client);
    const auto again = client->receive();
    EXPECT_EQ(again.body(), "1");
    EXPECT_NE(again.delivery.tag, first.delivery.tag);
    EXPECT_EQ(delivery_count(again), 0);
    client->disposition(first.delivery.id, accepted);
    const auto answer = client->own_settlement();
    EXPECT_TRUE(answer.settled);
    const auto* state = std::get_if<amqp::Rejected>(&*answer.state);
    ASSERT_NE(state, nullptr);
    EXPECT_EQ(state->error->condition, "com.microsoft:message-lock-lost");
    client->disposition(again.delivery.id, accepted);
    EXPECT_EQ(client->own_settlement().state, accepted);
    EXPECT_EQ(queued("d1"), 0U);
}

TEST_F(DeviceboundSourceTest, ADispositionForManyDeliveriesSettlesThemAll) {
    send_all({"1", "2", "3"});
    auto client = open();
    client->receiver(devicebound);
    const auto first = client->receive().delivery.id;
    client->receive();
    const auto last = client->receive().delivery.id;
    client->disposition(first, last, accepted, true);
    rest(*client);
    EXPECT_EQ(queued("d1"), 0U);
}

TEST_F(DeviceboundSourceTest, ADeviceThatNeverSettlesHearsAgainOfWhatItHolds) {
    for (std::size_t i = 0; i < model::limits::queue_depth_max; ++i) send_all({"x"});
    auto client = open();
    client->receiver(devicebound, 1000);
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < model::limits::queue_depth_max; ++i) client->receive();
        end_locks(*client);
    }
    EXPECT_EQ(queued("d1"), model::limits::queue_depth_max);
}

// -- how it ends ---------------------------------------------------------------------------------

TEST_F(DeviceboundSourceTest, WhatWasNotSettledReturnsWithItsLinkOrItsConnection) {
    send_all({"1"});
    auto client = open();
    auto link = client->receiver(devicebound);
    client->receive();
    client->engine.detach(link);
    client->pump();
    EXPECT_FALSE(find("d1")->connected);
    link = client->receiver(devicebound);
    EXPECT_EQ(delivery_count(client->receive()), 0);
    client->harness.drop();
    auto other = open();
    other->receiver(devicebound);
    EXPECT_EQ(other->receive().body(), "1");
}

TEST_F(DeviceboundSourceTest, ANewerLinkOfTheDeviceTakesThePlaceOfTheOlder) {
    send_all({"1"});
    auto first = open();
    const auto events = first->sender("/devices/d1/messages/events");
    const auto link = first->receiver(devicebound);
    first->receive();
    auto second = open();
    second->receiver(devicebound);
    EXPECT_EQ(second->receive().body(), "1");
    const auto ended = first->expect<amqp::Detached>();
    EXPECT_EQ(ended.link, link);
    EXPECT_EQ(ended.error->condition, "amqp:link:stolen");
    EXPECT_THAT(ended.error->description, HasSubstr("a newer connection of the same device"));
    EXPECT_THAT(log.of("link_ended"), ElementsAre(HasSubstr("who=d1 reason=\"a newer")));
    EXPECT_TRUE(first->engine.can_send(events));
    // And on one connection.
    second->receiver(devicebound);
    EXPECT_EQ(second->expect<amqp::Detached>().error->condition, "amqp:link:stolen");
    EXPECT_EQ(second->receive().body(), "1");
}

TEST_F(DeviceboundSourceTest, ADeviceThatLosesItsProofLosesAllItsLinks) {
    const auto d2 = create("d2");
    const auto expect_ended = [&](const auto& act, std::string_view condition) {
        auto client = open();
        EXPECT_EQ(client->put_token(device_token(d2)), "200 OK");
        client->sender("/devices/d1/messages/events");
        client->receiver(devicebound);
        client->receiver("/devices/d2/messages/devicebound");
        act();
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(client->expect<amqp::Detached>().error->condition, condition);
        }
        rest(*client);
        EXPECT_EQ(client->count<amqp::Detached>(), 0U);
        EXPECT_EQ(client->refused(amqp::test::receiver_from(devicebound)).condition,
                  "amqp:unauthorized-access");
    };
    const auto with_status = [&](model::DeviceStatus status) {
        const auto identity = find("d1")->identity;
        put({.id = identity.id, .status = status, .authentication = identity.authentication},
            {.kind = core::WriteCondition::Kind::update_any});
    };
    expect_ended([&] { with_status(model::DeviceStatus::disabled); }, "amqp:not-found");
    with_status(model::DeviceStatus::enabled);
    expect_ended(
        [&] {
            ASSERT_TRUE(answer_of<void>([&](auto answer) {
                hub.registry().delete_device(d1.id, std::nullopt, std::move(answer));
            }));
        },
        "amqp:not-found");
}

TEST_F(DeviceboundSourceTest, ALinkGivenUpWhileItIsOpenedLeavesNothingBehind) {
    auto client = open();
    const auto link =
        client->engine.attach(client->session(), amqp::test::receiver_from(devicebound));
    client->pump();
    client->engine.detach(*link);
    rest(*client);
    EXPECT_FALSE(find("d1")->connected);
    EXPECT_EQ(client->count<amqp::Attached>(), 0U);
}

}  // namespace
}  // namespace restante::gateway
