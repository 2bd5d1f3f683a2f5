#include "gateway/amqp/feedback_source.hpp"

#include <gmock/gmock.h>

#include "support/amqp_session_client.hpp"
#include "support/test_hub.hpp"
#include "wire/feedback_json.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using amqp::ReceiverSettleMode;
using test::AmqpClient;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* feedback = "/messages/serviceBound/feedback";

const amqp::DeliveryState accepted = amqp::Accepted{};
const amqp::DeliveryState released = amqp::Released{};

class FeedbackSourceTest : public test::TestHub {
  protected:
    std::unique_ptr<AmqpClient> open(const std::string& token) {
        auto client = std::make_unique<AmqpClient>(access, clock);
        EXPECT_EQ(client->put_token(token), "200 OK");
        return client;
    }
    std::unique_ptr<AmqpClient> open_service() { return open(policy_token("service")); }

    /// A message that its device completes, and time for its record to become a batch.
    void make_feedback(std::string_view message_id) {
        model::CloudToDeviceMessage message;
        message.message_id = message_id;
        message.ack = model::AckRequest::full;
        ASSERT_TRUE(send("d1", message));
        auto device = open(device_token(d1));
        const auto link = device->receiver("/devices/d1/messages/devicebound");
        EXPECT_TRUE(device->engine.settle(link, device->receive().delivery.id, accepted));
        rest(*device);
        clock.advance(16s);
        hub.advance();
        rest(*device);
    }
    void rest(AmqpClient& client) {
        client.pump();
        settle({&client.harness});
        client.pump();
    }
    /// The next batch is about this message.
    AmqpClient::Received expect_about(AmqpClient& client, std::string_view message_id) {
        auto received = client.receive();
        EXPECT_THAT(received.body(),
                    HasSubstr(fmt::format(R"("originalMessageId":"{}")", message_id)));
        return received;
    }

    const model::DeviceIdentity d1 = create("d1");
};

TEST_F(FeedbackSourceTest, AServiceReceivesFeedbackAsTheCsharpClientWantsIt) {
    make_feedback("m1");
    auto client = open_service();
    client->receiver("amqps://hub.example:5671/messages/servicebound/feedback");
    const auto batch = expect_about(*client, "m1");
    EXPECT_FALSE(batch.delivery.settled);
    EXPECT_THAT(batch.delivery.tag, SizeIs(16));
    EXPECT_EQ(batch.message.properties->user_id, to_bytes("hub"));
    EXPECT_EQ(batch.message.properties->content_type, wire::feedback_content_type);
    const auto* enqueued = batch.message.message_annotations.find("iothub-enqueuedtime");
    ASSERT_NE(enqueued, nullptr);
    EXPECT_NE(enqueued->get_if<WallTime>(), nullptr);
    EXPECT_THAT(batch.message.data, SizeIs(1));
    EXPECT_THAT(batch.body(), HasSubstr(R"("statusCode":"Success","description":"Success")"));
}

TEST_F(FeedbackSourceTest, OnlyAServiceReceivesFeedback) {
    auto device = open(device_token(d1));
    EXPECT_EQ(device->refused(amqp::test::receiver_from(feedback)).condition,
              "amqp:unauthorized-access");
    auto registry = open(policy_token("registryReadWrite"));
    EXPECT_EQ(registry->refused(amqp::test::receiver_from(feedback)).condition,
              "amqp:unauthorized-access");
    EXPECT_THAT(log.of("link_refused").back(),
                HasSubstr("policy 'registryReadWrite' lacks the right ServiceConnect"));
}

TEST_F(FeedbackSourceTest, AReceiverThatAsksForOneAtATimeGetsOneAtATime) {
    make_feedback("m1");
    make_feedback("m2");
    auto client = open_service();
    const auto link = client->receiver(feedback, 0);
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
    client->engine.set_credit_window(link, 1);
    const auto first = expect_about(*client, "m1");
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
    client->engine.settle(link, first.delivery.id, accepted);
    expect_about(*client, "m2");
}

TEST_F(FeedbackSourceTest, EveryDecisionOfAReceiverThatSettlesSecondIsAnsweredAccepted) {
    make_feedback("m1");
    auto client = open_service();
    client->receiver(feedback, 10, ReceiverSettleMode::second);
    client->disposition(expect_about(*client, "m1").delivery.id, released);
    EXPECT_EQ(client->own_settlement().state, accepted);
    client->disposition(expect_about(*client, "m1").delivery.id, accepted);
    EXPECT_EQ(client->own_settlement().state, accepted);
    rest(*client);
    EXPECT_EQ(client->count<amqp::Delivered>(), 0U);
}

TEST_F(FeedbackSourceTest, AfterItsLockABatchComesAgainAndTheOldDeliveryHearsSo) {
    make_feedback("m1");
    auto client = open_service();
    client->receiver(feedback, 10, ReceiverSettleMode::second);
    const auto first = expect_about(*client, "m1");
    clock.advance(61s);
    hub.advance();
    expect_about(*client, "m1");
    client->disposition(first.delivery.id, accepted);
    const auto answer = client->own_settlement();
    const auto* state = std::get_if<amqp::Rejected>(&*answer.state);
    ASSERT_NE(state, nullptr);
    EXPECT_EQ(state->error->condition, "com.microsoft:message-lock-lost");
}

TEST_F(FeedbackSourceTest, WhatAReceiverLeavesUnsettledGoesToAnother) {
    make_feedback("m1");
    auto first = open_service();
    first->receiver(feedback);
    expect_about(*first, "m1");
    auto second = open_service();
    const auto link = second->receiver(feedback);
    rest(*second);
    EXPECT_EQ(second->count<amqp::Delivered>(), 0U);
    first->harness.drop();
    const auto batch = expect_about(*second, "m1");
    second->engine.settle(link, batch.delivery.id, accepted);
    rest(*second);
    second->engine.detach(link);
    rest(*second);
    second->receiver(feedback);
    rest(*second);
    EXPECT_EQ(second->count<amqp::Delivered>(), 0U);
}

TEST_F(FeedbackSourceTest, FeedbackComesAsItIsMade) {
    auto client = open_service();
    client->receiver(feedback);
    make_feedback("m1");
    expect_about(*client, "m1");
    make_feedback("m2");
    expect_about(*client, "m2");
}

}  // namespace
}  // namespace restante::gateway
