// What a service hears about the messages it leaves for devices, each in AMQP's own words.

#include "gateway/amqp/devicebound_target.hpp"

#include <gmock/gmock.h>

#include "support/amqp_session_client.hpp"
#include "support/test_hub.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class DeviceboundTargetTest : public test::TestHub {
  protected:
    DeviceboundTargetTest() {
        create("d1");
        create("off", model::DeviceStatus::disabled);
        EXPECT_EQ(client.put_token(policy_token("service")), "200 OK");
        link = client.sender("/messages/devicebound");
    }

    static amqp::Message message_to(std::string to) {
        amqp::Message message;
        message.properties.emplace();
        message.properties->to = std::move(to);
        message.data.push_back(to_bytes("hello"));
        return message;
    }
    /// "accepted", or the condition of the rejection. The link stays either way.
    std::string outcome_of(const amqp::Message& message) {
        EXPECT_TRUE(client.send(link, message));
        const auto outcome = client.expect<amqp::DispositionReceived>();
        EXPECT_TRUE(outcome.settled);
        if (!outcome.state) return "none";
        if (std::holds_alternative<amqp::Accepted>(*outcome.state)) return "accepted";
        const auto* rejected = std::get_if<amqp::Rejected>(&*outcome.state);
        if (rejected == nullptr || !rejected->error) return "another state";
        description = rejected->error->description;
        return rejected->error->condition;
    }

    test::AmqpClient client{access, clock};
    amqp::LinkId link;
    std::string description;  ///< of the last rejection
    const std::string d1 = "/devices/d1/messages/devicebound";
};

TEST_F(DeviceboundTargetTest, AMessageIsAcceptedOnceItIsInTheQueue) {
    EXPECT_EQ(outcome_of(message_to(d1)), "accepted");
    EXPECT_EQ(queued("d1"), 1U);
}

TEST_F(DeviceboundTargetTest, EachReasonToRefuseHasItsCondition) {
    EXPECT_EQ(outcome_of(message_to("/devices/nobody/messages/devicebound")), "amqp:not-found");
    EXPECT_THAT(description, HasSubstr("404001"));
    EXPECT_EQ(outcome_of(message_to("/devices/off/messages/devicebound")), "amqp:not-found");
    EXPECT_EQ(outcome_of(message_to("/devices/d1/modules/m1/messages/devicebound")),
              "amqp:not-allowed");
    EXPECT_THAT(description, HasSubstr("a module has no queue"));
    EXPECT_EQ(outcome_of(message_to("/somewhere")), "amqp:not-allowed");
    EXPECT_EQ(outcome_of(message_to("")), "amqp:not-allowed");

    auto late = message_to(d1);
    late.properties->absolute_expiry_time = in(48h + 1s);
    EXPECT_EQ(outcome_of(late), "com.microsoft:argument-error");
    EXPECT_THAT(description, HasSubstr("403009"));
    auto ack = message_to(d1);
    ack.application_properties.add("iothub-ack", "sometimes");
    EXPECT_EQ(outcome_of(ack), "com.microsoft:argument-error");
    auto null = message_to(d1);
    null.application_properties.add("nothing", amqp::Value());
    EXPECT_EQ(outcome_of(null), "com.microsoft:argument-error");
    auto large = message_to(d1);
    large.data[0].assign(64 * 1024, 'x');
    EXPECT_EQ(outcome_of(large), "amqp:link:message-size-exceeded");

    EXPECT_EQ(queued("d1"), 0U);
    EXPECT_EQ(outcome_of(message_to(d1)), "accepted") << "the link has stayed";
}

TEST_F(DeviceboundTargetTest, TheQueueLimitIsToldInTheServicesOwnText) {
    for (int i = 0; i < 50; ++i) ASSERT_EQ(outcome_of(message_to(d1)), "accepted");
    EXPECT_EQ(outcome_of(message_to(d1)), "amqp:resource-limit-exceeded");
    EXPECT_EQ(description,
              "C2D messages enqueued for the device exceeded the queue limit of 50,  see more at "
              "http://aka.ms/iothub403004");
}

TEST_F(DeviceboundTargetTest, AMessageSentSettledIsTakenOrRefusedInSilence) {
    EXPECT_TRUE(client.send(link, message_to("/devices/nobody/messages/devicebound"), true));
    EXPECT_TRUE(client.send(link, message_to(d1), true));
    EXPECT_EQ(outcome_of(message_to(d1)), "accepted");
    EXPECT_EQ(client.count<amqp::DispositionReceived>(), 0U);
    EXPECT_EQ(queued("d1"), 2U);
    EXPECT_THAT(log.of("refused"), testing::SizeIs(1));
}

}  // namespace
}  // namespace restante::gateway
