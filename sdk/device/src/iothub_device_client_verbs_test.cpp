// What a device does besides waiting for its handler: it sends, asks for messages, renews its
// token, runs handlers in the application's own loop, proves itself by a certificate.

#include <gmock/gmock.h>
#include <poll.h>

#include <fstream>
#include <future>
#include <thread>

#include "auth/shared_access_signature.hpp"
#include "base/encoding.hpp"
#include "support/device_client_fixture.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_certificates.hpp"

namespace restante {
namespace {

using namespace std::chrono_literals;
using test::DeviceClientTest;
using test::FakeHub;
using test::HubRecord;
using test::HubScript;
using test::Mailbox;
using test::thrown;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string token_for(const std::string& device, std::chrono::seconds life,
                      const std::string& host = FakeHub::name) {
    return auth::SharedAccessSignature::create(host + "/devices/" + device,
                                               *from_base64(test::device_key),
                                               SystemClock().now().wall + life);
}

class DeviceVerbsTest : public DeviceClientTest {
  protected:
    IoTHubDeviceClient make_by_token(const std::string& token) {
        return IoTHubDeviceClient::create_from_sastoken(token, options());
    }
    auto send_aside(IoTHubDeviceClient& client, const std::string& data) {
        return std::async(std::launch::async, [&client, data] { client.send_message(data); });
    }
    bool published(std::size_t count) {
        return hub.heard([&](const HubRecord& heard) { return heard.published.size() >= count; });
    }
    std::vector<std::string> published_bodies() {
        return hub.look([](const HubRecord& heard) {
            std::vector<std::string> all;
            for (const auto& each : heard.published) all.push_back(to_text(each.payload));
            return all;
        });
    }
};

// -- sending -------------------------------------------------------------------------------------

TEST_F(DeviceVerbsTest, SendsAMessageWithItsProperties) {
    auto client = make();
    Message message;
    message.data = "21.5";
    message.message_id = "m1";
    message.content_type = "text/plain";
    message.custom_properties = {{"room", "hall & stairs"}};
    client.send_message(message);
    client.send_message("bare");
    const auto sent = hub.look([](const HubRecord& heard) { return heard.published; });
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].topic,
              "devices/Device-1/messages/events/"
              "%24.mid=m1&%24.ct=text%2Fplain&room=hall%20%26%20stairs");
    EXPECT_EQ(sent[0].qos, mqtt::QoS::at_least_once);
    EXPECT_THAT(published_bodies(), ElementsAre("21.5", "bare"));
}

TEST_F(DeviceVerbsTest, ASendWaitsForAnotherConnectionWhenItsOwnBreaks) {
    auto client = make();
    client.connect();
    hub.script([](HubScript& script) { script.answers_publish = false; });
    auto sending = send_aside(client, "held");
    ASSERT_TRUE(published(1));
    hub.script([](HubScript& script) { script.answers_publish = true; });
    hub.drop();
    sending.get();
    EXPECT_THAT(published_bodies(), ElementsAre("held", "held"));
}

TEST_F(DeviceVerbsTest, WithoutRetryASendEndsWithItsConnection) {
    auto with = options();
    with.connection_retry = false;
    auto client = make(with);
    client.connect();
    hub.script([](HubScript& script) { script.answers_publish = false; });
    auto sending = send_aside(client, "lost");
    ASSERT_TRUE(published(1));
    hub.drop();
    EXPECT_THAT(thrown<ConnectionDroppedError>([&] { sending.get(); }),
                StartsWith("Lost connection to IoTHub"));
}

TEST_F(DeviceVerbsTest, ASendThatCannotConnectSaysWhy) {
    hub.script(
        [](HubScript& script) { script.connect_answer = mqtt::ConnectReturnCode::not_authorized; });
    auto client = make();
    EXPECT_THAT(thrown<CredentialError>([&] { client.send_message("x"); }), HasSubstr("CONNACK 5"));
    auto with = options();
    with.auto_connect = false;
    auto offline = make(with);
    thrown<NoConnectionError>([&] { offline.send_message("x"); });
    EXPECT_THAT(published_bodies(), ElementsAre());
}

TEST_F(DeviceVerbsTest, DisconnectAndShutdownEndASendThatWaits) {
    auto client = make();
    client.connect();
    hub.script([](HubScript& script) { script.answers_publish = false; });
    auto first = send_aside(client, "a");
    ASSERT_TRUE(published(1));
    client.disconnect();
    thrown<OperationCancelled>([&] { first.get(); });
    auto second = send_aside(client, "b");
    ASSERT_TRUE(published(2));
    client.shutdown();
    thrown<OperationCancelled>([&] { second.get(); });
}

TEST_F(DeviceVerbsTest, AMessageThatNoHubTakesIsRefusedAtOnce) {
    auto client = make();
    EXPECT_EQ(thrown<std::invalid_argument>(
                  [&] { client.send_message(std::string(256 * 1024 + 1, 'x')); }),
              "Size of telemetry message can not exceed 256 KB.");
    Message message;
    message.custom_properties = {{"k", std::string(65'536, 'x')}};
    EXPECT_THAT(thrown<std::invalid_argument>([&] { client.send_message(message); }),
                HasSubstr("properties"));
    EXPECT_FALSE(client.connected());
}

// -- asking for messages -------------------------------------------------------------------------

TEST_F(DeviceVerbsTest, ReceiveMessageWaitsForTheNext) {
    auto client = make();
    EXPECT_EQ(client.receive_message(0ms), std::nullopt);
    hub.publish(message("one", 1));
    const auto received = client.receive_message(HubRecord::patience);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->data, "one");
    EXPECT_TRUE(acknowledged({1}));
}

TEST_F(DeviceVerbsTest, ShutdownEndsTheWaitForAMessage) {
    auto client = make();
    client.receive_message(0ms);
    auto waiting =
        std::async(std::launch::async, [&] { return client.receive_message(HubRecord::patience); });
    client.shutdown();
    EXPECT_TRUE(acknowledged({}));
    try {
        EXPECT_EQ(waiting.get(), std::nullopt);
    } catch (const ClientError& late) {  // it was called only then
        EXPECT_THAT(late.what(), HasSubstr("shut down"));
    }
}

TEST_F(DeviceVerbsTest, HandlersAndReceiveMessageExcludeEachOther) {
    auto handling = make();
    handling.on_message_received(collect(bodies));
    EXPECT_EQ(thrown<ClientError>([&] { handling.receive_message(0ms); }),
              "Cannot use receive APIs - receive handler(s) have already been set");
    auto asking = make();
    asking.receive_message(0ms);
    EXPECT_EQ(thrown<ClientError>([&] { asking.on_message_received(collect(bodies)); }),
              "Cannot set receive handlers - receive APIs have already been used");
}

// -- tokens --------------------------------------------------------------------------------------

TEST_F(DeviceVerbsTest, AnotherTokenTakesOverOnAConnectionOfItsOwn) {
    auto client = make_by_token(token_for("Device-1", 1h));
    client.on_message_received(collect(bodies));
    const auto other = token_for("Device-1", 2h);
    client.update_sastoken(other);
    EXPECT_TRUE(client.connected());
    const auto connects = hub.look([](const HubRecord& heard) { return heard.connects; });
    ASSERT_EQ(connects.size(), 2U);
    EXPECT_EQ(to_text(connects[1].password.value()), other);
    hub.publish(message("still here", 1));
    EXPECT_TRUE(bodies.wait_for(1));
}

TEST_F(DeviceVerbsTest, AnotherTokenOfAClientThatIsNotConnectedConnectsIt) {
    auto client = make_by_token(token_for("Device-1", 1h));
    client.update_sastoken(token_for("Device-1", 2h));
    EXPECT_TRUE(client.connected());
}

TEST_F(DeviceVerbsTest, ATokenThatDoesNotFitIsRefusedAndTheConnectionStays) {
    auto client = make_by_token(token_for("Device-1", 1h));
    client.connect();
    const auto refusal = [&](const std::string& token) {
        return thrown<std::invalid_argument>([&] { client.update_sastoken(token); });
    };
    EXPECT_THAT(refusal("nonsense"), StartsWith("Invalid SasToken provided"));
    EXPECT_THAT(refusal(token_for("Device-1", -1h)),
                StartsWith("Provided SasToken has already expired"));
    EXPECT_EQ(refusal(token_for("Device-2", 1h)),
              "Provided SasToken does not match existing device id");
    EXPECT_EQ(refusal(token_for("Device-1", 1h, "other.localhost")),
              "Provided SasToken does not match existing hostname");
    EXPECT_EQ(refusal(token_for("Device-1/modules/m", 1h)), "Provided SasToken is for a module");
    EXPECT_TRUE(client.connected());
    auto by_key = make();
    EXPECT_EQ(thrown<ClientError>([&] { by_key.update_sastoken(token_for("Device-1", 1h)); }),
              "Cannot update sastoken when client was not created with one");
}

TEST_F(DeviceVerbsTest, AnotherTokenIsAskedForBeforeTheFirstExpires) {
    auto client = make_by_token(token_for("Device-1", 2s));
    Mailbox<bool> asked;
    client.on_new_sastoken_required([&] { asked.put(client.connected()); });
    client.connect();
    EXPECT_TRUE(asked.wait_for(1));
}

// -- the application's own loop
// --------------------------------------------------------------------

TEST_F(DeviceVerbsTest, HandlersRunInTheApplicationsOwnLoop) {
    auto with = options();
    with.own_loop = true;
    auto client = make(with);
    std::vector<std::thread::id> threads;
    client.on_connection_state_change([&] { threads.push_back(std::this_thread::get_id()); });
    client.on_message_received([&](const Message& received) {
        threads.push_back(std::this_thread::get_id());
        bodies.put(received.data);
    });
    hub.publish(message("one", 1));
    hub.publish(message("two", 2));
    while (bodies.values().size() < 2) {
        pollfd wait{.fd = client.descriptor(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(poll(&wait, 1, std::chrono::milliseconds(HubRecord::patience).count()), 1);
        client.run_once();
    }
    EXPECT_THAT(bodies.values(), ElementsAre("one", "two"));
    EXPECT_THAT(threads,
                testing::AllOf(testing::SizeIs(3), testing::Each(std::this_thread::get_id())));
    EXPECT_TRUE(acknowledged({1, 2}));
    EXPECT_EQ(client.run_once(), 0U);
    client.shutdown();
    EXPECT_FALSE(client.connected());
}

TEST_F(DeviceVerbsTest, AHandlerInTheOwnLoopMayShutTheClientDown) {
    auto with = options();
    with.own_loop = true;
    auto client = make(with);
    client.on_message_received([&](const Message&) { client.shutdown(); });
    hub.publish(message("last", 1));
    while (client.connected()) {
        pollfd wait{.fd = client.descriptor(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(poll(&wait, 1, std::chrono::milliseconds(HubRecord::patience).count()), 1);
        client.run_once();
    }
    EXPECT_TRUE(acknowledged({1}));
}

TEST_F(DeviceVerbsTest, AClientWithAThreadHasNoDescriptor) {
    auto client = make();
    EXPECT_THAT(thrown<ClientError>([&] { client.run_once(); }), HasSubstr("own_loop"));
    EXPECT_THAT(thrown<ClientError>([&] { client.descriptor(); }), HasSubstr("own_loop"));
}

// -- certificates --------------------------------------------------------------------------------

class DeviceCertificateTest : public DeviceClientTest {
  protected:
    std::string write(const std::string& name, const std::string& text) {
        const auto path = (folder.path() / name).string();
        std::ofstream(path) << text;
        return path;
    }
    IoTHubDeviceClient make_by(const X509& x509) {
        return IoTHubDeviceClient::create_from_x509_certificate(x509, FakeHub::name, "Device-1",
                                                                options());
    }

    const test::TemporaryFolder folder;
    const test::TestCertificate own = test::make_certificate("Device-1", "DNS:device", nullptr);
};

TEST_F(DeviceCertificateTest, IsShownInThePlaceOfAPassword) {
    auto client = make_by({.certificate_file = write("cert.pem", own.certificate_pem),
                           .key_file = write("key.pem", own.private_key_pem),
                           .pass_phrase = ""});
    client.connect();
    EXPECT_THAT(hub.look([](const HubRecord& heard) { return heard.certificates; }),
                ElementsAre(test::to_der(own)));
    EXPECT_EQ(hub.look([](const HubRecord& heard) { return heard.connects.at(0).password; }),
              std::nullopt);
}

TEST_F(DeviceCertificateTest, MayHaveAKeyThatAPassphraseProtects) {
    const X509 right{.certificate_file = write("cert.pem", own.certificate_pem),
                     .key_file = write("key.pem", test::encrypt_key(own, "sesame")),
                     .pass_phrase = "sesame"};
    auto client = make_by(right);
    client.connect();
    EXPECT_TRUE(client.connected());
    for (const auto& [phrase, text] : {std::pair{"wrong", "cannot be read with this passphrase"},
                                       std::pair{"", "protected by a passphrase"}}) {
        auto other = right;
        other.pass_phrase = phrase;
        EXPECT_THAT(thrown<std::invalid_argument>([&] { make_by(other); }), HasSubstr(text));
    }
}

TEST_F(DeviceCertificateTest, ThatCannotBeUsedIsNamed) {
    const auto certificate = write("cert.pem", own.certificate_pem);
    const auto refusal = [&](const std::string& file, const std::string& key) {
        return thrown<std::invalid_argument>(
            [&] { make_by({.certificate_file = file, .key_file = key, .pass_phrase = ""}); });
    };
    EXPECT_THAT(refusal("/nowhere/cert.pem", certificate), HasSubstr("/nowhere/cert.pem"));
    EXPECT_THAT(refusal(certificate, "/nowhere/key.pem"), HasSubstr("/nowhere/key.pem"));
    EXPECT_THAT(refusal(certificate, write("none.pem", "no key")), HasSubstr("no private key"));
    const auto other = test::make_certificate("other", "DNS:device", nullptr);
    EXPECT_THAT(refusal(certificate, write("other.pem", other.private_key_pem)),
                HasSubstr("does not belong"));
}

}  // namespace
}  // namespace restante
