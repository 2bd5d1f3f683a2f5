#include "gateway/mqtt/mqtt_session.hpp"

#include <gmock/gmock.h>

#include "model/limits.hpp"
#include "support/mqtt_session_client.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using mqtt::ConnectReturnCode;
using mqtt::QoS;
using test::MqttDevice;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view devicebound = "devices/d1/messages/devicebound/#";

class MqttSessionTest : public test::MqttTest {
  protected:
    using MqttTest::connect;
    /// The device d1, by its own key.
    std::unique_ptr<MqttDevice> connect(bool clean = false, bool session_present = false) {
        return connect(connect_packet(device_token(d1), clean), {}, session_present);
    }
    std::unique_ptr<MqttDevice> connect_and_subscribe(QoS qos = QoS::at_least_once,
                                                      bool clean = false) {
        auto made = connect(clean);
        made->subscribe(devicebound, qos);
        const auto codes = made->expect<mqtt::SubAck>().codes;
        EXPECT_THAT(codes, ElementsAre(static_cast<std::uint8_t>(qos)));
        return made;
    }
};

// -- connect -------------------------------------------------------------------------------------

TEST_F(MqttSessionTest, ADeviceConnectsWithItsOwnKeyOrThatOfAPolicyForDevices) {
    connect();
    for (const auto policy : {"device", "iothubowner"}) {
        auto device = open();
        device->send(connect_packet(policy_token(policy)));
        EXPECT_EQ(device->expect<mqtt::ConnAck>().return_code, ConnectReturnCode::accepted);
    }
    EXPECT_THAT(log.of("refused"), IsEmpty());
    EXPECT_THAT(log.of("device_attached"),
                Each(HasSubstr("device=d1 protocol=mqtt peer=\"192.0.2.7:40112 test/1\"")));
    EXPECT_TRUE(find("d1"));
}

TEST_F(MqttSessionTest, ADeviceIsAStrangerUntilItIsAccepted) {
    auto device = open();
    EXPECT_FALSE(device->harness.proved());
    device->send(connect_packet(device_token(d1)));
    EXPECT_FALSE(device->harness.proved());
    device->expect<mqtt::ConnAck>();
    EXPECT_TRUE(device->harness.proved());
}

TEST_F(MqttSessionTest, AStrangerHasAMinute) {
    auto silent = open();
    auto half = open();
    half->harness.receive(std::string_view("\x10\x40\x00\x04MQ", 6));
    clock.advance(59s);
    silent->harness.advance();
    half->harness.advance();
    EXPECT_FALSE(silent->harness.ended());
    EXPECT_FALSE(half->harness.ended());
    clock.advance(1s);
    silent->harness.advance();
    half->harness.advance();
    EXPECT_TRUE(silent->harness.ended());
    EXPECT_TRUE(half->harness.ended());
}

TEST_F(MqttSessionTest, TheRegistryShowsWhoIsConnected) {
    auto device = connect();
    EXPECT_TRUE(find("d1")->connected);
    device->harness.drop();
    EXPECT_FALSE(find("d1")->connected);
}

TEST_F(MqttSessionTest, WhoProvesNothingIsRefusedAndTheLogSaysWhy) {
    const auto d2 = create("d2");
    expect_refused(connect_packet(device_token(d2)),
                   "the signature is not by a key of this device");
    expect_refused(connect_packet(device_token(d1), false, "d9"),
                   "who=d9 reason=\"the hub has no device of this id\"");
    expect_refused(connect_packet(device_token(d1, -1min)), "expired");
    expect_refused(connect_packet(policy_token("service")),
                   "policy 'service' lacks the right DeviceConnect");
    expect_refused(connect_packet("password"), "SharedAccessSignature");
    auto mixed_up = connect_packet(device_token(d1));
    mixed_up.client_id = device_token(d1);
    expect_refused(mixed_up, "the client id is not the device");
    EXPECT_THAT(log.text(), Not(HasSubstr("sig=")));
    EXPECT_FALSE(find("d1")->connected);
}

TEST_F(MqttSessionTest, ADisabledDeviceIsRefused) {
    const auto off = create("off", model::DeviceStatus::disabled);
    expect_refused(connect_packet(device_token(off), false, "off"), "the device is disabled");
}

TEST_F(MqttSessionTest, AConnectThatDoesNotNameADeviceProperlyIsRefused) {
    auto other_id = connect_packet(device_token(d1));
    other_id.client_id = "d2";
    expect_refused(other_id,
                   "who=d2 reason=\"the client id is not the device (or device/module) named ");
    auto no_password = connect_packet("");
    expect_refused(no_password, "neither a token (password");
    auto empty_password = no_password;
    empty_password.password.emplace();
    expect_refused(empty_password, "neither a token (password");
    auto no_name = no_password;
    no_name.user_name.reset();
    expect_refused(no_name, "CONNECT has no user name");
    auto no_device = connect_packet(device_token(d1));
    no_device.user_name = "hub.example";
    expect_refused(no_device, "the MQTT user name must begin with {host}/{device id}");
    auto module_only_in_client_id = connect_packet(device_token(d1));
    module_only_in_client_id.client_id = "d1/m1";
    expect_refused(module_only_in_client_id, "the client id is not the device (or device/module)");
    auto module_only_in_user_name = connect_packet(device_token(d1));
    module_only_in_user_name.user_name = "hub.example/d1/m1/?api-version=2021-04-12";
    expect_refused(module_only_in_user_name, "the client id is not the device (or device/module)");
}

TEST_F(MqttSessionTest, AClientThatBreaksTheProtocolIsDroppedAndNamed) {
    auto device = open();
    device->harness.receive(Bytes{0xC0, 0x00});
    EXPECT_TRUE(device->harness.ended());
    EXPECT_THAT(log.of("refused"), ElementsAre(HasSubstr("PINGREQ before CONNECT")));
}

TEST_F(MqttSessionTest, AClientThatLeavesWhileItsTokenIsCheckedIsForgotten) {
    auto device = open();
    device->send(connect_packet(device_token(d1)));
    device->harness.drop();
    settle({&device->harness});
    EXPECT_FALSE(find("d1")->connected);
}

// -- delivery ------------------------------------------------------------------------------------

TEST_F(MqttSessionTest, AMessageArrivesWithItsPropertiesInTheTopicAndCompletesWithItsPuback) {
    auto device = connect_and_subscribe();
    model::CloudToDeviceMessage message;
    message.message_id = "m 1";
    message.ack = model::AckRequest::full;
    message.content_type = "text/plain";
    message.properties = {{"color", "a&b"}};
    message.body = Bytes{'h', 0, 0xFF};
    ASSERT_TRUE(send("d1", message));
    const auto publish = device->expect<mqtt::Publish>();
    EXPECT_EQ(publish.topic,
              "devices/d1/messages/devicebound/%24.mid=m%201&"
              "%24.to=%2Fdevices%2Fd1%2Fmessages%2Fdevicebound&%24.ct=text%2Fplain&"
              "iothub-ack=full&color=a%26b");
    EXPECT_EQ(publish.payload, message.body);
    EXPECT_EQ(publish.qos, QoS::at_least_once);
    EXPECT_NE(publish.packet_id, 0);
    EXPECT_FALSE(publish.dup);
    EXPECT_FALSE(publish.retain);
    EXPECT_EQ(queued("d1"), 1u);
    device->send(mqtt::PubAck{.packet_id = publish.packet_id});
    EXPECT_EQ(queued("d1"), 0u);
    settle({&device->harness});
    EXPECT_FALSE(device->has_more());
}

TEST_F(MqttSessionTest, AtQosZeroTheDeliveryItselfCompletes) {
    auto device = connect_and_subscribe(QoS::at_most_once);
    for (int i = 0; i < 25; ++i) ASSERT_TRUE(send("d1", fmt::to_string(i)));
    for (int i = 0; i < 25; ++i) {
        const auto publish = device->expect<mqtt::Publish>();
        EXPECT_EQ(as_text(publish.payload), fmt::to_string(i));
        EXPECT_EQ(publish.qos, QoS::at_most_once);
        EXPECT_FALSE(publish.dup);
    }
    EXPECT_EQ(queued("d1"), 0u);
}

TEST_F(MqttSessionTest, WhatWaitedArrivesInOrderAfterSubscribeAndNotBefore) {
    for (const auto body : {"1", "2", "3"}) ASSERT_TRUE(send("d1", body));
    auto device = connect();
    settle({&device->harness});
    EXPECT_FALSE(device->has_more());
    device->subscribe(devicebound);
    device->expect<mqtt::SubAck>();
    for (const auto body : {"1", "2", "3"}) {
        EXPECT_EQ(as_text(device->expect<mqtt::Publish>().payload), body);
    }
}

TEST_F(MqttSessionTest, NothingArrivesAfterUnsubscribe) {
    auto device = connect_and_subscribe();
    device->send(mqtt::Unsubscribe{.packet_id = 9, .filters = {std::string(devicebound)}});
    EXPECT_EQ(device->expect<mqtt::UnsubAck>().packet_id, 9);
    ASSERT_TRUE(send("d1", "hello"));
    settle({&device->harness});
    EXPECT_FALSE(device->has_more());
    EXPECT_EQ(queued("d1"), 1u);
}

TEST_F(MqttSessionTest, TenMessagesAtMostAwaitTheirPuback) {
    auto device = connect_and_subscribe();
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(send("d1", fmt::to_string(i)));
    std::vector<mqtt::PacketId> ids;
    for (std::size_t i = 0; i < mqtt_window; ++i) {
        ids.push_back(device->expect<mqtt::Publish>().packet_id);
    }
    settle({&device->harness});
    EXPECT_FALSE(device->has_more());
    // In another order than they came, which MQTT allows nobody but the hub bears.
    device->send(mqtt::PubAck{.packet_id = ids[5]});
    EXPECT_EQ(as_text(device->expect<mqtt::Publish>().payload), "10");
    settle({&device->harness});
    EXPECT_FALSE(device->has_more());
    device->send(mqtt::PubAck{.packet_id = ids[0]});
    EXPECT_EQ(as_text(device->expect<mqtt::Publish>().payload), "11");
    EXPECT_EQ(queued("d1"), 10u);
}

TEST_F(MqttSessionTest, APubackForNothingChangesNothing) {
    auto device = connect_and_subscribe();
    ASSERT_TRUE(send("d1", "hello"));
    const auto publish = device->expect<mqtt::Publish>();
    device->send(mqtt::PubAck{.packet_id = static_cast<mqtt::PacketId>(publish.packet_id + 1)});
    EXPECT_EQ(queued("d1"), 1u);
    EXPECT_FALSE(device->harness.ended());
}

TEST_F(MqttSessionTest, OfTwoSubscriptionsTheHigherQosCounts) {
    auto device = connect_and_subscribe(QoS::at_most_once);
    device->subscribe("devices/d1/messages/devicebound/", QoS::exactly_once);
    EXPECT_THAT(device->expect<mqtt::SubAck>().codes, ElementsAre(1));
    ASSERT_TRUE(send("d1", "hello"));
    EXPECT_EQ(device->expect<mqtt::Publish>().qos, QoS::at_least_once);
}

TEST_F(MqttSessionTest, SubscribingAgainReplacesTheQos) {
    auto device = connect_and_subscribe(QoS::at_least_once);
    device->subscribe(devicebound, QoS::at_most_once);
    EXPECT_THAT(device->expect<mqtt::SubAck>().codes, ElementsAre(0));
    ASSERT_TRUE(send("d1", "hello"));
    EXPECT_EQ(device->expect<mqtt::Publish>().qos, QoS::at_most_once);
}

// -- redelivery ----------------------------------------------------------------------------------

TEST_F(MqttSessionTest, WhatWasNotAcknowledgedComesAgainWithDupAndItsPacketId) {
    auto first = connect_and_subscribe();
    ASSERT_TRUE(send("d1", "hello"));
    const auto publish = first->expect<mqtt::Publish>();
    first->harness.drop();
    auto second = connect(false, true);
    const auto again = second->expect<mqtt::Publish>();
    EXPECT_TRUE(again.dup);
    EXPECT_EQ(again.packet_id, publish.packet_id);
    EXPECT_EQ(again.topic, publish.topic);
    EXPECT_EQ(again.payload, publish.payload);
    second->send(mqtt::PubAck{.packet_id = again.packet_id});
    EXPECT_EQ(queued("d1"), 0u);
}

TEST_F(MqttSessionTest, AMessageWhoseLockEndsComesAgainWithTheSamePacketId) {
    auto device = connect_and_subscribe();
    ASSERT_TRUE(send("d1", "hello"));
    const auto publish = device->expect<mqtt::Publish>();
    clock.advance(model::limits::lock_duration);
    hub.advance();
    const auto again = device->expect<mqtt::Publish>();
    EXPECT_TRUE(again.dup);
    EXPECT_EQ(again.packet_id, publish.packet_id);
    device->send(mqtt::PubAck{.packet_id = publish.packet_id});
    EXPECT_EQ(queued("d1"), 0u);
}

TEST_F(MqttSessionTest, WhatWaitedUntilItsLockEndedIsNotWritten) {
    auto device = connect_and_subscribe();
    settle({&device->harness});
    ASSERT_TRUE(send("d1", "hello"));
    settle({});
    device->harness.run_posted();  // awake: it asks for the message
    settle({});                    // which is on its way to the session, locked
    clock.advance(model::limits::lock_duration);
    hub.advance();
    const auto publish = device->expect<mqtt::Publish>();
    EXPECT_TRUE(publish.dup) << "it was locked before";
    settle({&device->harness});
    EXPECT_FALSE(device->has_more());
}

TEST_F(MqttSessionTest, APubackAfterTheLockEndedStillCounts) {
    auto device = connect_and_subscribe();
    ASSERT_TRUE(send("d1", "hello"));
    const auto publish = device->expect<mqtt::Publish>();
    // A fetch still on its way would lock the message anew, and that lock would count.
    settle({&device->harness});
    clock.advance(model::limits::lock_duration);
    device->send(mqtt::PubAck{.packet_id = publish.packet_id});
    EXPECT_EQ(queued("d1"), 0u);
}

// -- sessions ------------------------------------------------------------------------------------

TEST_F(MqttSessionTest, AKeptSessionResumesWithoutSubscribe) {
    auto first = connect_and_subscribe();
    first->send(mqtt::Disconnect{});
    EXPECT_TRUE(first->harness.ended());
    ASSERT_TRUE(send("d1", "hello"));
    auto second = connect(false, true);
    const auto publish = second->expect<mqtt::Publish>();
    EXPECT_EQ(as_text(publish.payload), "hello");
    EXPECT_EQ(publish.qos, QoS::at_least_once);
    EXPECT_FALSE(publish.dup);
}

TEST_F(MqttSessionTest, AKeptSessionWithoutSubscriptionsIsNoSession) {
    connect()->harness.drop();
    auto device = connect_and_subscribe();
    device->send(mqtt::Unsubscribe{.packet_id = 9, .filters = {std::string(devicebound)}});
    device->expect<mqtt::UnsubAck>();
    device->harness.drop();
    connect(false, false);
}

TEST_F(MqttSessionTest, OfAKeptSessionsSubscriptions64WaitForTheDiskAndNoMore) {
    const std::string filter(devicebound);
    Bytes two;  // each a change: what is there already waits for nothing
    ASSERT_TRUE(mqtt::encode(
        mqtt::Subscribe{.packet_id = 7, .subscriptions = {{.filter = filter, .qos = {}}}}, two));
    ASSERT_TRUE(mqtt::encode(mqtt::Unsubscribe{.packet_id = 8, .filters = {filter}}, two));
    Bytes many;
    for (int i = 0; i < 32; ++i) append(many, two);
    auto device = connect();
    device->harness.receive(many);
    for (int i = 0; i < 32; ++i) {
        device->expect<mqtt::SubAck>();
        device->expect<mqtt::UnsubAck>();
    }
    append(many, two);
    device->harness.receive(many);
    expect_ended(*device, "more than 64 SUBSCRIBE and UNSUBSCRIBE packets await their answer");
}

TEST_F(MqttSessionTest, ACleanSessionEndsTheStoredOneAndLeavesNone) {
    connect_and_subscribe()->harness.drop();
    ASSERT_TRUE(send("d1", "hello"));
    auto clean = connect(true, false);
    settle({&clean->harness});
    EXPECT_FALSE(clean->has_more()) << "the stored subscription is gone";
    clean->subscribe(devicebound);
    clean->expect<mqtt::SubAck>();
    EXPECT_EQ(as_text(clean->expect<mqtt::Publish>().payload), "hello");
    clean->harness.drop();
    connect(false, false);
}

TEST_F(MqttSessionTest, ANewerConnectionTakesOver) {
    auto first = connect_and_subscribe();
    ASSERT_TRUE(send("d1", "hello"));
    const auto publish = first->expect<mqtt::Publish>();
    auto second = connect(false, true);
    expect_ended(*first, "a newer connection of the same device took over");
    const auto lines = log.of("connection_replaced");
    ASSERT_THAT(lines, SizeIs(1));
    for (const auto* said : {"device=d1 protocol=mqtt", "replaced=\"192.0.2.7:40112",
                             "connected_since=2026-", "by=\"192.0.2.7:40112", "takeovers=1"}) {
        EXPECT_THAT(lines[0], HasSubstr(said));
    }
    EXPECT_EQ(second->expect<mqtt::Publish>().packet_id, publish.packet_id);
    settle({&second->harness});
    EXPECT_FALSE(second->harness.ended());
    EXPECT_TRUE(find("d1")->connected);
}

TEST_F(MqttSessionTest, ClientsThatThrowEachOtherOutAreCounted) {
    auto first = connect_and_subscribe();
    auto second = connect(false, true);
    EXPECT_TRUE(first->harness.wait_ended());
    auto third = connect(false, true);
    EXPECT_TRUE(second->harness.wait_ended());
    EXPECT_THAT(log.of("connection_replaced").back(), HasSubstr("takeovers=2"));
    clock.advance(60s);
    auto fourth = connect(false, true);
    EXPECT_TRUE(third->harness.wait_ended());
    EXPECT_THAT(log.of("connection_replaced").back(), HasSubstr("takeovers=1"));
}

TEST_F(MqttSessionTest, AnExpiredTokenEndsTheConnection) {
    auto device = open();
    device->send(connect_packet(device_token(d1, 30s)));
    device->expect<mqtt::ConnAck>();
    clock.advance(29s);
    device->harness.advance();
    EXPECT_FALSE(device->harness.ended());
    clock.advance(1s);
    device->harness.advance();
    expect_ended(*device, "the device's token expired");
    EXPECT_FALSE(find("d1")->connected);
}

TEST_F(MqttSessionTest, ADeviceThatIsDisabledOrDeletedLosesItsConnection) {
    auto device = connect_and_subscribe();
    put({.id = d1.id, .status = model::DeviceStatus::disabled, .authentication = d1.authentication},
        {.kind = core::WriteCondition::Kind::update_any});
    expect_ended(*device, "the device was disabled");
    const auto d2 = create("d2");
    auto other = open();
    other->send(connect_packet(device_token(d2), false, "d2"));
    other->expect<mqtt::ConnAck>();
    ASSERT_TRUE(answer_of<void>([&](auto answer) {
        hub.registry().delete_device(d2.id, std::nullopt, std::move(answer));
    }));
    EXPECT_TRUE(other->harness.wait_ended());
}

TEST_F(MqttSessionTest, ASilentDeviceIsDropped) {
    auto device = connect_and_subscribe();
    ASSERT_TRUE(send("d1", "hello"));
    device->expect<mqtt::Publish>();
    clock.advance(90s);
    device->harness.advance();
    EXPECT_TRUE(device->harness.ended());
    EXPECT_THAT(log.text(), HasSubstr("no packet for 90s"));
}

// -- what the device asks and publishes ----------------------------------------------------------

TEST_F(MqttSessionTest, OnlyFiltersOfTheHubAreGranted) {
    auto device = connect();
    device->send(mqtt::Subscribe{
        .packet_id = 3,
        .subscriptions = {{.filter = std::string(devicebound), .qos = QoS::at_least_once},
                          {.filter = "devices/d2/messages/devicebound/#", .qos = QoS::at_most_once},
                          {.filter = "#", .qos = QoS::at_most_once},
                          {.filter = "devices/+/messages/devicebound/#", .qos = QoS::at_most_once},
                          {.filter = "$iothub/methods/POST/#", .qos = QoS::at_most_once},
                          {.filter = "$iothub/twin/res/#", .qos = QoS::exactly_once}}});
    const auto answer = device->expect<mqtt::SubAck>();
    EXPECT_EQ(answer.packet_id, 3);
    EXPECT_THAT(answer.codes, ElementsAre(1, 0x80, 0x80, 0x80, 0, 1));
    EXPECT_THAT(log.of("subscription_refused"), SizeIs(3));
    EXPECT_THAT(log.text(), HasSubstr("filter=# "));
}

TEST_F(MqttSessionTest, TelemetryIsAcknowledgedAndItsLossReportedOnce) {
    auto device = connect();
    for (mqtt::PacketId id = 1; id <= 3; ++id) {
        device->send(mqtt::Publish{.topic = "devices/d1/messages/events/a=b",
                                   .payload = to_bytes("secret"),
                                   .packet_id = id,
                                   .qos = QoS::at_least_once});
        EXPECT_EQ(device->expect<mqtt::PubAck>().packet_id, id);
    }
    device->send(mqtt::Publish{.topic = "devices/d1/messages/events/", .payload = {}});
    settle({&device->harness});
    EXPECT_FALSE(device->has_more());
    EXPECT_FALSE(device->harness.ended());
    EXPECT_THAT(log.of("telemetry_discarded"), SizeIs(1));
    EXPECT_THAT(log.text(), Not(HasSubstr("secret")));
}

TEST_F(MqttSessionTest, APublishToATopicThatIsNotTheDevicesEndsTheConnection) {
    for (const auto topic :
         {"devices/d2/messages/events/", "devices/d1/messages/devicebound/", "hello", "$SYS/x"}) {
        auto device = connect();
        device->send(mqtt::Publish{
            .topic = topic, .payload = {}, .packet_id = 1, .qos = QoS::at_least_once});
        expect_ended(*device, fmt::format("the device published to '{}'", topic));
    }
}

TEST_F(MqttSessionTest, ARequestForTheTwinIsToldThatThereIsNone) {
    auto device = connect();
    device->send(mqtt::Publish{.topic = "$iothub/twin/GET/?$rid=4f&x=1", .payload = {}});
    const auto answer = device->expect<mqtt::Publish>();
    EXPECT_EQ(answer.topic, "$iothub/twin/res/501/?$rid=4f");
    EXPECT_EQ(as_text(answer.payload),
              R"({"errorCode":501000,"message":"This hub keeps no device twins."})");
    EXPECT_EQ(answer.qos, QoS::at_most_once);
}

TEST_F(MqttSessionTest, APingIsAnswered) {
    auto device = connect();
    device->send(mqtt::PingReq{});
    device->expect<mqtt::PingResp>();
}

}  // namespace
}  // namespace restante::gateway
