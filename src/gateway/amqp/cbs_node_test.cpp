#include "gateway/amqp/cbs_node.hpp"

#include <gmock/gmock.h>

#include "support/amqp_session_client.hpp"
#include "support/test_hub.hpp"

namespace restante::gateway {
namespace {

using test::AmqpClient;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class CbsNodeTest : public test::TestHub {
  protected:
    CbsNodeTest() {
        requests = client.sender("$cbs");
        responses = client.receiver("$cbs", 0);
    }

    /// Asks for the token to be checked, settled beforehand so that no credit holds it back.
    void put(const std::string& message_id) {
        amqp::Message request;
        request.properties.emplace();
        request.properties->message_id = message_id;
        request.application_properties.add("operation", "put-token");
        request.application_properties.add("type", "servicebus.windows.net:sastoken");
        request.application_properties.add("name", "audience");
        request.value = amqp::Value(device_token(d1));
        client.wait_until([&] { return client.engine.can_send(requests) || closed(); });
        if (!closed()) client.send(requests, request, true);
    }
    bool closed() const { return amqp::test::count<amqp::Closed>(client.events) > 0; }

    const model::DeviceIdentity d1 = create("d1");
    AmqpClient client{access, clock};
    amqp::LinkId requests{};
    amqp::LinkId responses{};
};

TEST_F(CbsNodeTest, AThousandAnswersMayWaitForTheirReceiver) {
    constexpr std::size_t count = 1'000;  // of the devices that Java multiplexes
    for (std::size_t i = 0; i < count; ++i) put(Uuid::random().to_string());
    EXPECT_EQ(client.count<amqp::Delivered>(), 0U);
    client.engine.set_credit_window(responses, count);
    client.wait_until([&] { return client.count<amqp::Delivered>() == count; });
    EXPECT_EQ(client.count<amqp::Delivered>(), count);
}

TEST_F(CbsNodeTest, AnswersThatNobodyReadsAreBoundedInBytes) {
    const std::string long_id(8'000, 'm');
    std::size_t asked = 0;
    while (!closed() && asked < 1'000) {
        put(long_id);
        ++asked;
    }
    EXPECT_LT(asked * long_id.size(), 700'000U);
    const auto closed = client.expect<amqp::Closed>();
    EXPECT_EQ(closed.error->condition, "amqp:resource-limit-exceeded");
    EXPECT_THAT(closed.error->description, HasSubstr("524288 bytes"));
    EXPECT_THAT(log.of("refused"),
                Contains(AllOf(HasSubstr("protocol=amqp"), HasSubstr("524288 bytes"))));
}

}  // namespace
}  // namespace restante::gateway
