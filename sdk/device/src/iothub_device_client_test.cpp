#include "restante/device/iothub_device_client.hpp"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"
#include "support/device_client_fixture.hpp"

namespace restante {
namespace {

using namespace std::chrono_literals;
using mqtt::ConnectReturnCode;
using test::FakeHub;
using test::HubRecord;
using test::HubScript;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

using test::device_key;
using test::DeviceClientTest;
using test::Mailbox;
using test::thrown;

const std::string filter = "devices/Device-1/messages/devicebound/#";

TEST_F(DeviceClientTest, ReceivesAMessageWithAllItsProperties) {
    auto client = make();
    std::promise<Message> received;
    client.on_message_received([&](const Message& message) { received.set_value(message); });
    EXPECT_TRUE(client.connected());
    hub.publish({.topic = "devices/Device-1/messages/devicebound/%24.exp=2026-11-23T14%3A00%3A00."
                          "0000000Z&%24.cid=c1&%24.mid=m1&%24.to=%2Fdevices%2FDevice-1%2Fmessages"
                          "%2Fdevicebound&%24.uid=u1&%24.ct=text%2Fplain&%24.ce=utf-8&iothub-ack="
                          "full&prop1=test%20property-2&testProperty=a%3Db",
                 .payload = to_bytes(std::string_view("\0body\xff", 6)),
                 .packet_id = 9,
                 .qos = mqtt::QoS::at_least_once});
    auto arrives = received.get_future();
    ASSERT_EQ(arrives.wait_for(HubRecord::patience), std::future_status::ready);
    const Message message = arrives.get();
    EXPECT_EQ(message.data, std::string("\0body\xff", 6));
    EXPECT_EQ(message.expiry_time_utc, "2026-11-23T14:00:00.0000000Z");
    EXPECT_EQ(message.correlation_id, "c1");
    EXPECT_EQ(message.message_id, "m1");
    EXPECT_EQ(message.user_id, "u1");
    EXPECT_EQ(message.content_type, "text/plain");
    EXPECT_EQ(message.content_encoding, "utf-8");
    EXPECT_EQ(message.ack, "full");
    EXPECT_THAT(message.custom_properties,
                ElementsAre(Pair("prop1", "test property-2"), Pair("testProperty", "a=b")));
    EXPECT_TRUE(acknowledged({9}));
}

TEST_F(DeviceClientTest, IntroducesItselfAsPythonDoes) {
    auto with = options();
    with.product_info = "thermostat/2";
    with.keep_alive = 77s;
    auto client = make(with);
    client.connect();
    const auto packet = hub.look([](const HubRecord& heard) { return heard.connects.at(0); });
    EXPECT_EQ(packet.client_id, "Device-1");
    EXPECT_THAT(packet.user_name.value(), StartsWith("hub.localhost/Device-1/?api-version="));
    EXPECT_THAT(packet.user_name.value(), HasSubstr("thermostat%2F2"));
    EXPECT_EQ(packet.keep_alive_seconds, 77);
    EXPECT_FALSE(packet.clean_session);
    const auto token = auth::SharedAccessSignature::parse(to_text(packet.password.value()));
    ASSERT_TRUE(token.has_value());
    EXPECT_TRUE(token->signature_matches(from_base64(device_key).value()));
    EXPECT_TRUE(token->covers_identity("Device-1"));
    EXPECT_EQ(token->host(), "hub.localhost");
}

TEST_F(DeviceClientTest, SubscribesOnceTheHandlerIsSetAndKeepsQuietOnTheNext) {
    auto client = make();
    client.connect();
    EXPECT_EQ(hub.look([](const HubRecord& heard) { return heard.subscribed.size(); }), 0u);
    client.on_message_received(collect(bodies));
    client.on_message_received(collect(errors));
    EXPECT_THAT(hub.look([](const HubRecord& heard) { return heard.subscribed; }),
                ElementsAre(filter));
    hub.publish(message("one", 1));
    EXPECT_TRUE(errors.wait_for(1));
}

TEST_F(DeviceClientTest, EmptyHandlerEndsTheSubscription) {
    auto client = make();
    client.on_message_received(collect(bodies));
    client.on_message_received(nullptr);
    EXPECT_THAT(hub.look([](const HubRecord& heard) { return heard.unsubscribed; }),
                ElementsAre(filter));
}

TEST_F(DeviceClientTest, MessageThatComesBeforeItsHandlerWaitsForIt) {
    hub.script([](HubScript& script) { script.session_present = true; });
    auto client = make();
    client.connect();
    hub.publish(message("early", 5));
    client.on_message_received(collect(bodies));
    ASSERT_TRUE(bodies.wait_for(1));
    EXPECT_TRUE(acknowledged({5}));
}

TEST_F(DeviceClientTest, ReconnectsAndSubscribesAgainAfterADrop) {
    Mailbox<bool> states;
    auto client = make();
    client.on_connection_state_change([&] { states.put(client.connected()); });
    client.on_background_exception([&](const std::exception& exception) {
        EXPECT_NE(dynamic_cast<const ConnectionDroppedError*>(&exception), nullptr);
        errors.put(exception.what());
    });
    client.on_message_received(collect(bodies));
    hub.drop();
    ASSERT_TRUE(hub.heard([](const HubRecord& heard) { return heard.subscribed.size() == 2; }));
    hub.publish(message("after", 2));
    ASSERT_TRUE(bodies.wait_for(1));
    ASSERT_TRUE(errors.wait_for(1));
    EXPECT_THAT(errors.values().front(), StartsWith("Lost connection to IoTHub: "));
    EXPECT_TRUE(states.wait_for(3));
    EXPECT_TRUE(client.connected());
}

TEST_F(DeviceClientTest, StoredSessionNeedsNoSecondSubscription) {
    auto client = make();
    client.on_message_received(collect(bodies));
    hub.script([](HubScript& script) { script.session_present = true; });
    hub.drop();
    ASSERT_TRUE(hub.heard([](const HubRecord& heard) { return heard.connects.size() == 2; }));
    hub.publish(message("after", 2));
    ASSERT_TRUE(bodies.wait_for(1));
    EXPECT_EQ(hub.look([](const HubRecord& heard) { return heard.subscribed.size(); }), 1u);
}

TEST_F(DeviceClientTest, OutlivesARestartOfTheHub) {
    auto client = make();
    client.on_background_exception(
        [&](const std::exception& exception) { errors.put(exception.what()); });
    client.on_message_received(collect(bodies));
    hub.stop();
    ASSERT_TRUE(errors.wait_for(2));  // the drop, then an attempt that found nobody
    EXPECT_FALSE(client.connected());
    EXPECT_THAT(errors.values().at(1), HasSubstr("connection refused"));
    hub.restart();
    ASSERT_TRUE(hub.heard([](const HubRecord& heard) { return heard.subscribed.size() == 2; }));
    hub.publish(message("after", 2));
    EXPECT_TRUE(bodies.wait_for(1));
}

TEST_F(DeviceClientTest, WithoutRetryADropIsFinal) {
    auto with = options();
    with.connection_retry = false;
    auto client = make(with);
    client.on_background_exception(
        [&](const std::exception& exception) { errors.put(exception.what()); });
    client.connect();
    hub.drop();
    ASSERT_TRUE(errors.wait_for(1));
    EXPECT_FALSE(client.connected());
    client.connect();
    EXPECT_TRUE(client.connected());
}

TEST_F(DeviceClientTest, RefusedCredentialsAreCalledThatAndHoldNoSecret) {
    hub.script(
        [](HubScript& script) { script.connect_answer = ConnectReturnCode::not_authorized; });
    auto client = make();
    const std::string text = thrown<CredentialError>([&] { client.connect(); });
    EXPECT_THAT(text, StartsWith("Credentials invalid, could not connect: the hub refuses"));
    EXPECT_THAT(text, Not(HasSubstr(device_key)));
    EXPECT_FALSE(client.connected());
    hub.script([](HubScript& script) { script.connect_answer = ConnectReturnCode::accepted; });
    client.connect();
    EXPECT_TRUE(client.connected());
}

TEST_F(DeviceClientTest, OtherRefusalsAreToldApart) {
    auto client = make();
    hub.script(
        [](HubScript& script) { script.connect_answer = ConnectReturnCode::server_unavailable; });
    EXPECT_THAT(thrown<ConnectionFailedError>([&] { client.connect(); }), HasSubstr("CONNACK 3"));
    hub.script(
        [](HubScript& script) { script.connect_answer = ConnectReturnCode::identifier_rejected; });
    EXPECT_THAT(thrown<ClientError>([&] { client.connect(); }), HasSubstr("CONNACK 2"));
}

TEST_F(DeviceClientTest, UntrustedAuthorityIsExplained) {
    auto with = options();
    with.server_verification_cert =
        auth::create_certificate_authority(SystemClock().now().wall)->certificate_pem;
    auto client = make(with);
    EXPECT_THAT(thrown<ClientError>([&] { client.on_message_received(collect(bodies)); }),
                AllOf(StartsWith("Error in the IoTHub client due to TLS exchanges: the server's "
                                 "certificate is not trusted"),
                      HasSubstr("Restante private CA")));
}

TEST_F(DeviceClientTest, HubThatIsNotThereIsNamed) {
    hub.stop();
    auto client = make();
    EXPECT_THAT(thrown<ConnectionFailedError>([&] { client.connect(); }),
                AllOf(StartsWith("Could not connect to IoTHub: cannot connect to hub.localhost"),
                      HasSubstr("connection refused")));
}

TEST_F(DeviceClientTest, RefusedSubscriptionIsAnError) {
    hub.script([](HubScript& script) { script.subscribe_answer = mqtt::subscribe_failure; });
    auto client = make();
    client.connect();
    EXPECT_THAT(thrown<ClientError>([&] { client.on_message_received(collect(bodies)); }),
                HasSubstr("refuses the subscription"));
    EXPECT_TRUE(client.connected());
    hub.script([](HubScript& script) { script.subscribe_answer = 1; });
    client.on_message_received(collect(bodies));
    hub.publish(message("one", 1));
    EXPECT_TRUE(bodies.wait_for(1));
}

TEST_F(DeviceClientTest, SubscriptionRefusedOnTheFirstConnectionEndsIt) {
    hub.script([](HubScript& script) { script.subscribe_answer = mqtt::subscribe_failure; });
    auto client = make();
    EXPECT_THAT(thrown<ClientError>([&] { client.on_message_received(collect(bodies)); }),
                HasSubstr("refuses the subscription"));
    EXPECT_FALSE(client.connected());
}

TEST_F(DeviceClientTest, WithoutAutoConnectAHandlerNeedsAConnection) {
    auto with = options();
    with.auto_connect = false;
    auto client = make(with);
    EXPECT_EQ(thrown<NoConnectionError>([&] { client.on_message_received(collect(bodies)); }),
              "Client is not connected to IoTHub");
    client.connect();
    client.on_message_received(collect(bodies));
    hub.publish(message("one", 1));
    EXPECT_TRUE(bodies.wait_for(1));
}

TEST_F(DeviceClientTest, MessageIsAcknowledgedOnlyWhenItsHandlerHasReturned) {
    auto client = make();
    std::promise<void> entered;
    std::promise<void> leave;
    client.on_message_received([&](const Message&) {
        entered.set_value();
        leave.get_future().wait();
    });
    hub.publish(message("slow", 1));
    entered.get_future().wait();
    EXPECT_EQ(hub.look([](const HubRecord& heard) { return heard.acknowledged.size(); }), 0u);
    leave.set_value();
    EXPECT_TRUE(acknowledged({1}));
}

TEST_F(DeviceClientTest, HandlerThatThrowsIsReportedAndItsMessageStaysWithTheHub) {
    auto client = make();
    client.on_background_exception(
        [&](const std::exception& exception) { errors.put(exception.what()); });
    client.on_message_received([&](const Message& received) {
        if (received.data == "bad") throw std::runtime_error("out of paper");
        bodies.put(received.data);
    });
    hub.publish(message("bad", 1));
    hub.publish(message("good", 2));
    ASSERT_TRUE(bodies.wait_for(1));
    ASSERT_TRUE(errors.wait_for(1));
    EXPECT_EQ(errors.values().front(),
              "HANDLER (on_message_received): Error during invocation: out of paper");
    EXPECT_TRUE(acknowledged({2}));
}

TEST_F(DeviceClientTest, MessagesAreHandledInOrder) {
    auto client = make();
    client.on_message_received(collect(bodies));
    std::vector<std::string> sent;
    for (mqtt::PacketId id = 1; id <= 10; ++id) {
        sent.push_back(std::to_string(id));
        hub.publish(message(sent.back(), id));
    }
    ASSERT_TRUE(bodies.wait_for(10));
    EXPECT_EQ(bodies.values(), sent);
}

TEST_F(DeviceClientTest, MessageOfAnotherDeviceIsReportedNotDelivered) {
    auto client = make();
    client.on_background_exception(
        [&](const std::exception& exception) { errors.put(exception.what()); });
    client.on_message_received(collect(bodies));
    auto stray = message("stray", 1);
    stray.topic = "devices/Device-2/messages/devicebound/%24.to=x";
    hub.publish(stray);
    ASSERT_TRUE(errors.wait_for(1));
    EXPECT_THAT(errors.values().front(), HasSubstr("a message was discarded"));
    EXPECT_TRUE(acknowledged({1}));
}

TEST_F(DeviceClientTest, DisconnectSaysGoodByeAndConnectComesBackSubscribed) {
    auto client = make();
    client.on_message_received(collect(bodies));
    client.disconnect();
    client.disconnect();
    EXPECT_FALSE(client.connected());
    EXPECT_TRUE(hub.heard([](const HubRecord& heard) { return heard.goodbyes == 1; }));
    client.connect();
    hub.publish(message("again", 1));
    EXPECT_TRUE(bodies.wait_for(1));
    EXPECT_EQ(hub.look([](const HubRecord& heard) { return heard.subscribed.size(); }), 2u);
}

TEST_F(DeviceClientTest, ShutdownAcknowledgesTheMessageBeingHandled) {
    auto client = make();
    std::promise<void> entered;
    client.on_message_received([&](const Message&) { entered.set_value(); });
    hub.publish(message("last", 7));
    entered.get_future().wait();
    client.shutdown();
    EXPECT_TRUE(acknowledged({7}));
    EXPECT_TRUE(hub.heard([](const HubRecord& heard) { return heard.goodbyes == 1; }));
}

TEST_F(DeviceClientTest, AfterShutdownEverythingSaysSo) {
    auto client = make();
    client.connect();
    client.shutdown();
    client.shutdown();
    EXPECT_FALSE(client.connected());
    const std::string told = "Client has already been shut down";
    EXPECT_EQ(thrown<ClientError>([&] { client.connect(); }), told);
    EXPECT_EQ(thrown<ClientError>([&] { client.disconnect(); }), told);
    EXPECT_EQ(thrown<ClientError>([&] { client.on_message_received(collect(bodies)); }), told);
    EXPECT_EQ(thrown<ClientError>([&] { client.on_connection_state_change(nullptr); }), told);
}

TEST_F(DeviceClientTest, ShutdownFromAHandlerAcknowledgesThenEnds) {
    auto client = make();
    client.on_message_received([&](const Message& received) {
        client.shutdown();
        client.shutdown();
        bodies.put(received.data);
    });
    hub.publish(message("stop", 3));
    ASSERT_TRUE(bodies.wait_for(1));
    EXPECT_TRUE(hub.heard([](const HubRecord& heard) { return heard.goodbyes == 1; }));
    EXPECT_TRUE(acknowledged({3}));
    client.shutdown();
    EXPECT_FALSE(client.connected());
}

TEST_F(DeviceClientTest, DisconnectFromAHandlerAcknowledgesFirst) {
    auto client = make();
    client.on_message_received([&](const Message&) { client.disconnect(); });
    hub.publish(message("stop", 3));
    EXPECT_TRUE(hub.heard([](const HubRecord& heard) { return heard.goodbyes == 1; }));
    EXPECT_TRUE(acknowledged({3}));
    client.connect();
    EXPECT_TRUE(client.connected());
}

TEST_F(DeviceClientTest, ClientMayBeDestroyedByItsOwnHandler) {
    auto client = std::make_unique<IoTHubDeviceClient>(make());
    std::promise<void> destroyed;
    client->on_message_received([&](const Message&) {
        client.reset();
        destroyed.set_value();
    });
    hub.publish(message("stop", 3));
    destroyed.get_future().wait();
    EXPECT_TRUE(acknowledged({3}));
    EXPECT_TRUE(hub.heard([](const HubRecord& heard) { return heard.goodbyes == 1; }));
}

TEST_F(DeviceClientTest, ShutdownCancelsAConnectThatIsUnderWay) {
    hub.script([](HubScript& script) { script.answers_connect = false; });
    auto client = make();
    auto connecting = std::async(
        std::launch::async, [&] { return thrown<OperationCancelled>([&] { client.connect(); }); });
    ASSERT_TRUE(hub.heard([](const HubRecord& heard) { return heard.connects.size() == 1; }));
    client.shutdown();
    EXPECT_EQ(connecting.get(), "Operation was cancelled before completion");
    EXPECT_TRUE(hub.heard([](const HubRecord& heard) { return heard.closed == 1; }));
}

TEST_F(DeviceClientTest, DisconnectCancelsASubscriptionThatIsUnderWay) {
    hub.script([](HubScript& script) { script.answers_subscribe = false; });
    auto client = make();
    auto setting = std::async(std::launch::async, [&] {
        return thrown<OperationCancelled>([&] { client.on_message_received(collect(bodies)); });
    });
    ASSERT_TRUE(hub.heard([](const HubRecord& heard) { return heard.subscribed.size() == 1; }));
    client.disconnect();
    EXPECT_EQ(setting.get(), "Operation was cancelled before completion");
}

TEST_F(DeviceClientTest, ShutdownEndsTheAttemptsToReconnect) {
    auto client = make();
    client.on_background_exception(
        [&](const std::exception& exception) { errors.put(exception.what()); });
    client.connect();
    hub.stop();
    ASSERT_TRUE(errors.wait_for(2));
    client.shutdown();
    const auto told = errors.values().size();
    hub.restart();
    EXPECT_EQ(errors.values().size(), told);
    EXPECT_EQ(hub.look([](const HubRecord& heard) { return heard.connects.size(); }), 1u);
}

TEST_F(DeviceClientTest, DestructorAloneSaysGoodBye) {
    {
        auto client = make();
        client.connect();
    }
    EXPECT_TRUE(hub.heard([](const HubRecord& heard) { return heard.goodbyes == 1; }));
}

TEST_F(DeviceClientTest, MovesAndLeavesAnEmptyClientBehind) {
    auto first = make();
    first.on_message_received(collect(bodies));
    IoTHubDeviceClient second = std::move(first);
    EXPECT_THROW(first.connect(), ClientError);  // NOLINT(bugprone-use-after-move): what is tested
    first.shutdown();
    EXPECT_FALSE(first.connected());
    hub.publish(message("one", 1));
    EXPECT_TRUE(bodies.wait_for(1));
    EXPECT_TRUE(second.connected());
}

TEST_F(DeviceClientTest, ManyThreadsMayUseOneClientWhileItShutsDown) {
    auto client = make();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            std::string said;
            while (said != "Client has already been shut down") {
                try {
                    client.connect();
                    client.on_message_received(collect(bodies));
                    client.disconnect();
                } catch (const std::exception& ended) {
                    said = ended.what();
                }
            }
        });
    }
    ASSERT_TRUE(hub.heard([](const HubRecord& heard) { return heard.connects.size() >= 3; }));
    client.shutdown();
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(client.connected());
}

}  // namespace
}  // namespace restante
