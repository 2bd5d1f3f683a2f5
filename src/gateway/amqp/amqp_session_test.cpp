#include "gateway/amqp/amqp_session.hpp"

#include <gmock/gmock.h>

#include "support/amqp_session_client.hpp"
#include "support/test_hub.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using amqp::test::receiver_from;
using amqp::test::sender_to;
using test::AmqpClient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const amqp::DeliveryState accepted = amqp::Accepted{};

std::string devicebound(std::string_view device) {
    return fmt::format("/devices/{}/messages/devicebound", device);
}

class AmqpSessionTest : public test::TestHub {
  protected:
    std::unique_ptr<AmqpClient> open() { return std::make_unique<AmqpClient>(access, clock); }
    std::unique_ptr<AmqpClient> open(std::string_view user, std::string password) {
        auto options = amqp::test::client_options(amqp::SaslMechanism::plain);
        options.user = user;
        options.password = std::move(password);
        return std::make_unique<AmqpClient>(access, clock, std::move(options));
    }
    std::unique_ptr<AmqpClient> open_with(std::string_view token) {
        auto client = open();
        EXPECT_EQ(client->put_token(token), "200 OK");
        return client;
    }
    /// By a policy's key, for one resource.
    std::string token_for(std::string_view resource, std::string_view policy) const {
        return auth::SharedAccessSignature::create(
            fmt::format("{}/{}", hostname, resource),
            *from_base64(auth::find(policies, policy)->primary_key), in(1h), policy);
    }
    /// Minute by minute, so that neither end finds the other silent.
    void wait(std::chrono::minutes time, AmqpClient& client) {
        for (; time > 0min; time -= 1min) {
            clock.advance(1min);
            client.advance();
        }
    }

    const model::DeviceIdentity d1 = create("d1");
    const model::DeviceIdentity d2 = create("d2");
};

// -- tokens --------------------------------------------------------------------------------------

TEST_F(AmqpSessionTest, ADeviceProvesItselfByItsOwnKeyOrThatOfAPolicyForDevices) {
    for (const auto& token : {device_token(d1), policy_token("device"), policy_token("iothubowner"),
                              token_for("devices/d1", "device"), token_for("devices", "device")}) {
        auto client = open_with(token);
        client->receiver(devicebound("d1"));
        EXPECT_TRUE(find("d1")->connected);
        client->harness.drop();
        EXPECT_FALSE(find("d1")->connected);
    }
    EXPECT_THAT(log.of("refused"), IsEmpty());
    EXPECT_THAT(log.of("link_refused"), IsEmpty());
}

TEST_F(AmqpSessionTest, APeerIsAStrangerUntilATokenOrAPasswordIsAccepted) {
    auto client = open();
    client->session();
    EXPECT_FALSE(client->harness.proved());
    client->put_token("SharedAccessSignature nonsense");
    EXPECT_FALSE(client->harness.proved());
    EXPECT_EQ(client->put_token(device_token(d1)), "200 OK");
    EXPECT_TRUE(client->harness.proved());

    auto by_password = open("d1@sas.hub", device_token(d1));
    EXPECT_FALSE(by_password->harness.proved());
    by_password->expect<amqp::Opened>();
    EXPECT_TRUE(by_password->harness.proved());
}

TEST_F(AmqpSessionTest, AStrangerHasAMinute) {
    auto open_only = open();
    open_only->session();
    test::SessionHarness silent(std::make_unique<AmqpSession>(access), clock);
    test::SessionHarness half(std::make_unique<AmqpSession>(access), clock);
    half.receive("AMQP");
    clock.advance(59s);
    for (auto* harness : {&open_only->harness, &silent, &half}) {
        harness->advance();
        EXPECT_FALSE(harness->ended());
    }
    clock.advance(1s);
    for (auto* harness : {&open_only->harness, &silent, &half}) {
        harness->advance();
        clock.advance(amqp::close_timeout);  // for the peer's answer to our close
        harness->advance();
        EXPECT_TRUE(harness->ended());
    }
}

TEST_F(AmqpSessionTest, ATokenThatProvesNothingIsRefusedAndTheLogSaysWhy) {
    create("off", model::DeviceStatus::disabled);
    auto stranger = d1;
    stranger.authentication = d2.authentication;
    auto unknown = d1;
    unknown.id = *model::DeviceId::parse("nobody");
    auto client = open();
    EXPECT_EQ(client->put_token(device_token(stranger)), "401 Unauthorized");
    EXPECT_EQ(client->put_token(device_token(d1, -1min)), "401 Unauthorized");
    EXPECT_EQ(client->put_token("password"), "401 Unauthorized");
    EXPECT_EQ(client->put_token(device_token(d1), "put-token", "Bearer"), "401 Unauthorized");
    EXPECT_EQ(client->put_token(device_token(unknown)), "404 the hub has no device of this id");
    EXPECT_EQ(client->put_token(device_token(find("off")->identity)), "404 the device is disabled");
    EXPECT_EQ(client->put_token(token_for("devices/d1/modules/m1", "device")),
              "404 the device has no module of this id");
    EXPECT_EQ(client->put_token(device_token(d1), "delete-token"),
              "400 $cbs knows the operation put-token only");
    EXPECT_EQ(client->put_token(token_for("devices/d1", "service")), "401 Unauthorized");
    const auto lines = log.of("refused");
    ASSERT_THAT(lines, SizeIs(9));
    EXPECT_THAT(lines[0], HasSubstr("level=warning event=refused protocol=amqp "
                                    "peer=192.0.2.7:40112 who=audience reason=\"the signature is "
                                    "not by a key of this device\""));
    EXPECT_THAT(lines[1], HasSubstr("expired"));
    EXPECT_THAT(lines[8], HasSubstr("policy 'service' lacks the right DeviceConnect"));
    EXPECT_THAT(log.text(), Not(HasSubstr("sig=")));
    EXPECT_EQ(client->refused(receiver_from(devicebound("d1"))).condition,
              "amqp:unauthorized-access");
}

TEST_F(AmqpSessionTest, TheDeviceOfATokenIsTheOneInItsAudienceHoweverEscaped) {
    const auto odd = create("a%41#");
    const auto key = *from_base64(odd.authentication.symmetric_key.primary);
    for (const auto* id : {"a%41#", "a%2541%23"}) {
        auto client = open_with(auth::SharedAccessSignature::create(
            fmt::format("{}/devices/{}", hostname, id), key, in(1h)));
        client->receiver("amqps://hub.example:5671/devices/a%41#/messages/deviceBound/");
        client->sender("/devices/a%2541%23/messages/events");
    }
    EXPECT_THAT(log.of("link_refused"), IsEmpty());
}

TEST_F(AmqpSessionTest, ADeviceHasNoOtherDevicesLinks) {
    auto client = open_with(device_token(d1));
    for (const auto* node : {"messages/devicebound", "methods/devicebound", "twin"}) {
        EXPECT_EQ(client->refused(receiver_from(fmt::format("/devices/d2/{}", node))).condition,
                  "amqp:unauthorized-access");
    }
    EXPECT_EQ(client->refused(sender_to("/devices/d2/messages/events")).condition,
              "amqp:unauthorized-access");
    EXPECT_EQ(client->refused(sender_to("/messages/devicebound")).condition,
              "amqp:unauthorized-access");
    const auto lines = log.of("link_refused");
    ASSERT_THAT(lines, SizeIs(5));
    EXPECT_THAT(
        lines[0],
        HasSubstr("level=warning event=link_refused protocol=amqp peer=192.0.2.7:40112 "
                  "address=/devices/d2/messages/devicebound reason=\"the connection has put "
                  "no token of this device\""));
    EXPECT_THAT(lines[4], HasSubstr("a device's token does not open what is a service's"));
    EXPECT_FALSE(find("d2")->connected);
}

TEST_F(AmqpSessionTest, APolicyWithoutDeviceConnectOpensNoDevicesLink) {
    auto client = open_with(policy_token("service"));
    EXPECT_EQ(client->refused(receiver_from(devicebound("d1"))).condition,
              "amqp:unauthorized-access");
    EXPECT_THAT(log.of("link_refused"),
                ElementsAre(HasSubstr("policy 'service' lacks the right DeviceConnect")));
    client->sender("/messages/devicebound");
    auto all_devices = open_with(token_for("devices", "iothubowner"));
    EXPECT_EQ(all_devices->refused(sender_to("/messages/devicebound")).condition,
              "amqp:unauthorized-access");
}

TEST_F(AmqpSessionTest, ManyDevicesAndAServiceShareAConnection) {
    auto client = open_with(device_token(d1));
    EXPECT_EQ(client->put_token(device_token(d2)), "200 OK");
    EXPECT_EQ(client->put_token(policy_token("service")), "200 OK");
    const auto first = client->receiver(devicebound("d1"));
    const auto second = client->receiver(devicebound("d2"));
    client->sender("/messages/devicebound");
    ASSERT_TRUE(send("d2", "for d2"));
    auto received = client->receive();
    EXPECT_EQ(received.delivery.link, second);
    EXPECT_EQ(received.body(), "for d2");
    ASSERT_TRUE(send("d1", "for d1"));
    received = client->receive();
    EXPECT_EQ(received.delivery.link, first);
    EXPECT_EQ(received.body(), "for d1");
}

TEST_F(AmqpSessionTest, AConnectionCarriesAThousandDevicesAndNoMore) {
    auto client = open();
    const auto put = [&](std::string_view id) {
        return client->put_token(token_for(fmt::format("devices/{}", id), "device"));
    };
    for (std::size_t i = 0; i < Identities::devices_max; ++i) {
        const auto id = fmt::format("many{}", i);
        create(id);
        ASSERT_EQ(put(id), "200 OK");
    }
    EXPECT_EQ(put("d1"), "403 a connection carries at most 1000 devices");
    EXPECT_EQ(put("many7"), "200 OK");
}

TEST_F(AmqpSessionTest, ADeviceWhoseTokenEndsLosesItsLinksAndTheOthersLiveOn) {
    auto client = open_with(device_token(d1, 10min));
    EXPECT_EQ(client->put_token(device_token(d2, 20min)), "200 OK");
    EXPECT_EQ(client->put_token(policy_token("service", 30min)), "200 OK");
    const auto first = client->receiver(devicebound("d1"));
    const auto events = client->sender("/devices/d1/messages/events");
    const auto second = client->receiver(devicebound("d2"));
    const auto service = client->sender("/messages/devicebound");

    wait(10min, *client);
    std::vector<amqp::LinkId> ended;
    for (int i = 0; i < 2; ++i) {
        const auto detached = client->expect<amqp::Detached>();
        EXPECT_EQ(detached.error->condition, "amqp:unauthorized-access");
        ended.push_back(detached.link);
    }
    EXPECT_THAT(ended, testing::UnorderedElementsAre(first, events));
    EXPECT_THAT(log.of("refused"),
                ElementsAre(HasSubstr("who=d1 reason=\"the device's token expired\"")));
    EXPECT_EQ(client->refused(receiver_from(devicebound("d1"))).condition,
              "amqp:unauthorized-access");
    EXPECT_FALSE(find("d1")->connected);
    EXPECT_TRUE(find("d2")->connected);

    wait(10min, *client);
    EXPECT_EQ(client->expect<amqp::Detached>().link, second);
    wait(10min, *client);
    EXPECT_EQ(client->expect<amqp::Detached>().link, service);
    EXPECT_EQ(client->expect<amqp::Closed>().error->condition, "amqp:unauthorized-access");
}

TEST_F(AmqpSessionTest, ANewTokenProlongsWhatTheOldOneOpened) {
    auto client = open_with(device_token(d1, 10min));
    const auto link = client->receiver(devicebound("d1"));
    EXPECT_EQ(client->put_token(device_token(d1, 1h)), "200 OK");
    wait(30min, *client);
    ASSERT_TRUE(send("d1", "later"));
    EXPECT_EQ(client->receive().delivery.link, link);
    wait(30min, *client);
    EXPECT_EQ(client->expect<amqp::Detached>().link, link);
}

TEST_F(AmqpSessionTest, LinksOfDevicesThatAPolicyOpenedEndWithItsToken) {
    auto client = open_with(policy_token("device", 10min));
    EXPECT_EQ(client->put_token(device_token(d2, 1h)), "200 OK");
    const auto link = client->receiver(devicebound("d1"));
    client->receiver(devicebound("d2"));
    wait(10min, *client);
    EXPECT_EQ(client->expect<amqp::Detached>().link, link);
    EXPECT_EQ(client->count<amqp::Detached>(), 0U);
}

// -- SASL PLAIN ----------------------------------------------------------------------------------

TEST_F(AmqpSessionTest, ADeviceMayProveItselfBySaslPlain) {
    const auto odd = create("a%41@#");
    for (const auto& [user, device] :
         std::vector<std::pair<std::string, model::DeviceIdentity>>{{"d1@sas.hub", d1},
                                                                    {"d1@hub", d1},
                                                                    {"a%2541%40%23@sas.hub", odd},
                                                                    {"a%41@#@sas.hub", odd}}) {
        auto client = open(user, device_token(device));
        client->expect<amqp::Opened>();
        client->receiver(devicebound(device.id.value()));
    }
    auto by_policy = open("d1@sas.hub", policy_token("device"));
    by_policy->expect<amqp::Opened>();
    by_policy->receiver(devicebound("d1"));
    EXPECT_EQ(by_policy->refused(receiver_from(devicebound("d2"))).condition,
              "amqp:unauthorized-access");
    auto service = open("service@sas.root.hub", policy_token("service"));
    service->expect<amqp::Opened>();
    service->sender("/messages/devicebound");
}

TEST_F(AmqpSessionTest, ASaslPlainThatProvesNothingEndsTheConnectionAndTheLogSaysWhy) {
    const auto expect_refused = [&](std::string_view user, std::string password,
                                    std::string_view reason) {
        auto client = open(user, std::move(password));
        client->expect<amqp::Failed>();
        EXPECT_TRUE(client->harness.wait_ended());
        EXPECT_THAT(log.of("refused").back(), HasSubstr(reason));
    };
    expect_refused("d1@sas.hub", device_token(d2),
                   "who=d1 reason=\"the signature is not by a key of this device\"");
    expect_refused("d9@sas.hub", device_token(d2), "the hub has no device of this id");
    expect_refused("d1@sas.hub", "password", "SharedAccessSignature");
    expect_refused("d1", device_token(d1), "the SASL PLAIN user name is neither");
    expect_refused("d1/modules/m1@sas.hub", device_token(d1),
                   "the device has no module of this id");
    expect_refused("service@sas.root.hub", policy_token("iothubowner"),
                   "the SASL PLAIN user name and the token name different policies");
    EXPECT_THAT(log.text(), Not(HasSubstr("sig=")));
}

// -- links ---------------------------------------------------------------------------------------

TEST_F(AmqpSessionTest, WhatTheHubDoesNotHaveIsRefused) {
    auto client = open_with(policy_token("iothubowner"));
    for (const auto* address :
         {"/devices/d1/messages/events", "/messages/devicebound", "", "/messages/events",
          "/devices/d9/messages/devicebound", "/devices/d1/modules/m1/messages/devicebound"}) {
        EXPECT_EQ(client->refused(receiver_from(address)).condition, "amqp:not-found") << address;
    }
    for (const auto* address :
         {"/devices/d1/messages/devicebound", "/messages/servicebound/feedback",
          "/devices/d1/modules/m1/messages/events", "/devices/d1"}) {
        EXPECT_EQ(client->refused(sender_to(address)).condition, "amqp:not-found") << address;
    }
    EXPECT_THAT(log.of("link_refused"), testing::Contains(HasSubstr("no module of this id")));
}

TEST_F(AmqpSessionTest, TelemetryIsAcceptedAndDiscardedWhichTheLogSaysOnce) {
    auto client = open_with(device_token(d1));
    const auto link = client->attach(sender_to("/devices/d1/messages/events"));
    client->wait_until([&] { return client->engine.can_send(link); });
    amqp::Message message;
    message.data.push_back(to_bytes("21.5"));
    for (int i = 0; i < 300; ++i) {
        client->wait_until([&] { return client->engine.can_send(link); });
        client->send(link, message);
        EXPECT_EQ(client->expect<amqp::DispositionReceived>().state, accepted);
    }
    EXPECT_THAT(log.of("telemetry_discarded"), ElementsAre(HasSubstr("device=d1")));
}

TEST_F(AmqpSessionTest, ATwinRequestIsAnsweredThatThereAreNone) {
    auto client = open_with(device_token(d1));
    auto wanted = receiver_from("/devices/d1/twin");
    wanted.sender_settle_mode = amqp::SenderSettleMode::settled;
    const auto source = client->attach(wanted);
    client->engine.set_credit_window(source, 10);
    const auto target = client->sender("/devices/d1/twin");
    const amqp::Value ids[] = {amqp::Value("text"), amqp::Value(Uuid::random())};
    for (const auto& id : ids) {
        amqp::Message request;
        request.properties.emplace();
        request.properties->correlation_id = id;
        request.message_annotations.add(amqp::Symbol{"operation"}, "GET");
        client->send(target, request);
        EXPECT_EQ(client->expect<amqp::DispositionReceived>().state, accepted);
        const auto response = client->receive();
        EXPECT_TRUE(response.delivery.settled);
        EXPECT_EQ(response.message.properties->correlation_id, id);
        EXPECT_EQ(*response.message.message_annotations.find("status"),
                  amqp::Value(std::int32_t{501}));
        EXPECT_EQ(response.body(),
                  R"({"errorCode":501000,"message":"This hub keeps no device twins."})");
    }
}

TEST_F(AmqpSessionTest, LinksOfFeaturesThatSdksOpenFirstAreGranted) {
    auto device = open_with(device_token(d1));
    device->receiver("/devices/d1/methods/devicebound");
    const auto link = device->sender("/devices/d1/methods/devicebound");
    device->send(link, amqp::Message{});
    EXPECT_EQ(device->expect<amqp::DispositionReceived>().state, accepted);
    auto service = open_with(policy_token("service"));
    service->receiver("/messages/serviceBound/filenotifications");
    EXPECT_EQ(device->refused(receiver_from("/messages/serviceBound/filenotifications")).condition,
              "amqp:unauthorized-access");
}

}  // namespace
}  // namespace restante::gateway
