// Who may open an MQTT session and how long: certificates, modules, and keyrings that change.

#include <gmock/gmock.h>

#include "support/mqtt_session_client.hpp"
#include "support/test_certificates.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using mqtt::QoS;
using test::make_certificate;
using test::MqttDevice;
using test::TestCertificate;
using test::to_der;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class MqttAuthenticationTest : public test::MqttTest {
  protected:
    using Type = model::AuthenticationType;

    // The certificates are valid now, by the machine's clock.
    MqttAuthenticationTest() { clock.set_wall(SystemClock().now().wall); }

    model::DeviceIdentity create_with(std::string_view id,
                                      model::AuthenticationMechanism authentication) {
        return put({.id = *model::DeviceId::parse(id), .authentication = std::move(authentication)},
                   {});
    }
    void trust(const std::vector<TestCertificate>& authorities) {
        keyring.authorities.clear();
        for (const auto& trusted : authorities) {
            keyring.authorities.push_back({.name = fmt::format("ca-{}", keyring.authorities.size()),
                                           .certificate_pem = trusted.certificate_pem,
                                           .verification_code = {},
                                           .verified = true});
        }
        access.replace_keyring(keyring);
    }
    /// Forgets a policy, or gives it other keys.
    void remove_policy(std::string_view name) {
        std::erase_if(keyring.policies, [&](const auto& policy) { return policy.name == name; });
        access.replace_keyring(keyring);
    }
    void rotate_policy(std::string_view name) {
        const auto fresh = auth::make_default_policies();
        for (auto& policy : keyring.policies) {
            if (policy.name == name) policy = *auth::find(fresh, name);
        }
        access.replace_keyring(keyring);
    }

    const TestCertificate authority = make_certificate("Fleet CA", "", nullptr);
    auth::Keyring keyring{.policies = policies, .authorities = {}};
};

/// A client's certificate.
TestCertificate leaf(const std::string& name, const TestCertificate* issuer, int days = 2) {
    return make_certificate(name, "DNS:client", issuer, days);
}

// -- certificates --------------------------------------------------------------------------------

TEST_F(MqttAuthenticationTest, ADeviceConnectsWithoutAPasswordByItsOwnCertificate) {
    const auto own = leaf("anything", nullptr);
    const auto thumbprint = auth::ClientCertificate::parse({{to_der(own)}})->fingerprint();
    create_with("x1", {.type = Type::self_signed, .x509_thumbprint = {.secondary = thumbprint}});
    auto device = connect(connect_packet("", false, "x1"), {to_der(own)});
    device->subscribe("devices/x1/messages/devicebound/#");
    device->expect<mqtt::SubAck>();
    ASSERT_TRUE(send("x1", "hello"));
    EXPECT_EQ(as_text(device->expect<mqtt::Publish>().payload), "hello");
    auto empty_password = connect_packet("", false, "x1");
    empty_password.password.emplace();
    connect(empty_password, {to_der(own)}, true);
    expect_refused(connect_packet("", false, "x1"), "thumbprint",
                   {to_der(leaf("anything", nullptr))});
}

TEST_F(MqttAuthenticationTest, ADeviceConnectsByACertificateOfATrustedAuthority) {
    create_with("x1", {.type = Type::certificate_authority});
    create_with("x2", {.type = Type::certificate_authority});
    const auto own = to_der(leaf("x1", &authority));
    expect_refused(connect_packet("", false, "x1"), "authorit", {own});
    trust({authority});
    auto device = connect(connect_packet("", false, "x1"), {own});
    EXPECT_TRUE(find("x1")->connected);
    expect_refused(connect_packet("", false, "x2"), "who=x2 ", {own});
    const auto other = make_certificate("Fleet CA", "", nullptr);
    expect_refused(connect_packet("", false, "x1"), "who=x1 ", {to_der(leaf("x1", &other))});
}

TEST_F(MqttAuthenticationTest, AnExpiredCertificateEndsTheConnection) {
    create_with("x1", {.type = Type::certificate_authority});
    trust({authority});
    auto device = connect(connect_packet("", false, "x1"), {to_der(leaf("x1", &authority, 1))});
    auto silent_until = [&](Milliseconds time) {
        clock.set_wall(clock.now().wall + time);
        device->send(mqtt::PingReq{});
    };
    silent_until(23h);
    device->expect<mqtt::PingResp>();
    EXPECT_FALSE(device->harness.ended());
    silent_until(2h);
    device->expect<mqtt::PingResp>();
    device->harness.advance();
    expect_ended(*device, "the device's certificate expired", "x1");
}

// -- modules -------------------------------------------------------------------------------------

class MqttModuleTest : public MqttAuthenticationTest {
  protected:
    model::ModuleIdentity put_module(model::AuthenticationMechanism authentication = {},
                                     core::WriteCondition condition = {}) {
        auto done = answer_of<model::ModuleDescription>([&](auto answer) {
            hub.registry().put_module({.device = d1.id,
                                       .id = *model::ModuleId::parse("m1"),
                                       .managed_by = {},
                                       .authentication = std::move(authentication)},
                                      condition, std::move(answer));
        });
        EXPECT_TRUE(done.has_value());
        return done->identity;
    }
    bool connected() {
        return answer_of<model::ModuleDescription>([&](auto answer) {
                   hub.registry().find_module(d1.id, m1.id, std::move(answer));
               })
            ->connected;
    }
    std::string module_token(std::string_view module = "m1") const {
        return auth::SharedAccessSignature::create(
            fmt::format("{}/devices/d1/modules/{}", hostname, module),
            *from_base64(m1.authentication.symmetric_key.primary), in(1h));
    }
    using MqttTest::connect;
    std::unique_ptr<MqttDevice> connect() {
        return connect(connect_packet(module_token(), false, "d1/m1"));
    }

    const model::ModuleIdentity m1 = put_module();
};

TEST_F(MqttModuleTest, AModuleConnectsByItsOwnKeyAPolicyOrACertificate) {
    auto module = connect();
    EXPECT_TRUE(connected());
    EXPECT_FALSE(find("d1")->connected) << "the device itself is not here";
    module->harness.drop();
    EXPECT_FALSE(connected());
    connect(connect_packet(policy_token("device"), false, "d1/m1"));
    EXPECT_THAT(log.of("refused"), IsEmpty());

    put_module({.type = Type::certificate_authority},
               {.kind = core::WriteCondition::Kind::update_any});
    trust({authority});
    connect(connect_packet("", false, "d1/m1"), {to_der(leaf("d1/m1", &authority))});
    expect_refused(connect_packet("", false, "d1/m1"), "who=d1/m1 ",
                   {to_der(leaf("d1", &authority))});
}

TEST_F(MqttModuleTest, WhoProvesSomethingElseIsRefused) {
    expect_refused(connect_packet(device_token(d1), false, "d1/m1"), "who=d1/m1 ");
    expect_refused(connect_packet(module_token(), false, "d1"), "who=d1 ");
    expect_refused(connect_packet(module_token("m2"), false, "d1/m2"),
                   "the device has no module of this id");
    expect_refused(connect_packet(policy_token("service"), false, "d1/m1"),
                   "lacks the right DeviceConnect");
    EXPECT_FALSE(connected());
}

TEST_F(MqttModuleTest, ADeviceAndItsModuleAreConnectedSideBySide) {
    auto device = connect(connect_packet(device_token(d1)));
    device->subscribe("devices/d1/messages/devicebound/#");
    device->expect<mqtt::SubAck>();
    auto module = connect();
    ASSERT_TRUE(send("d1", "hello"));
    EXPECT_EQ(as_text(device->expect<mqtt::Publish>().payload), "hello");
    auto newer = connect();
    expect_ended(*module, "took over", "d1/m1");
    settle({&device->harness, &newer->harness});
    EXPECT_FALSE(device->harness.ended());
}

TEST_F(MqttModuleTest, ItIsGrantedWhatSdksAskForAndGetsNoMessages) {
    auto module = connect();
    module->send(mqtt::Subscribe{
        .packet_id = 3,
        .subscriptions = {
            {.filter = "devices/d1/modules/m1/#", .qos = QoS::at_least_once},
            {.filter = "devices/d1/modules/m1/inputs/#", .qos = QoS::at_least_once},
            {.filter = "devices/d1/modules/m1/messages/devicebound/#", .qos = QoS::exactly_once},
            {.filter = "$iothub/methods/POST/#", .qos = QoS::at_most_once},
            {.filter = "devices/d1/messages/devicebound/#", .qos = QoS::at_least_once},
            {.filter = "devices/d1/modules/m2/#", .qos = QoS::at_least_once},
            {.filter = "devices/d1/modules/+/inputs/#", .qos = QoS::at_least_once},
            {.filter = "#", .qos = QoS::at_least_once}}});
    EXPECT_THAT(module->expect<mqtt::SubAck>().codes,
                ElementsAre(1, 1, 1, 0, 0x80, 0x80, 0x80, 0x80));
    ASSERT_TRUE(send("d1", "for the device"));
    settle({&module->harness});
    EXPECT_FALSE(module->has_more());
    EXPECT_EQ(queued("d1"), 1u);
    module->send(mqtt::Unsubscribe{.packet_id = 4, .filters = {"devices/d1/modules/m1/#"}});
    EXPECT_EQ(module->expect<mqtt::UnsubAck>().packet_id, 4);
}

TEST_F(MqttModuleTest, ItsSessionTouchesNotThatOfItsDevice) {
    auto device = connect(connect_packet(device_token(d1)));
    device->subscribe("devices/d1/messages/devicebound/#");
    device->expect<mqtt::SubAck>();
    device->harness.drop();
    connect(connect_packet(module_token(), true, "d1/m1"));
    auto module = connect();
    module->subscribe("devices/d1/modules/m1/inputs/#");
    module->expect<mqtt::SubAck>();
    module->harness.drop();
    connect();
    auto again = connect(connect_packet(device_token(d1)), {}, true);
    ASSERT_TRUE(send("d1", "hello"));
    EXPECT_EQ(as_text(again->expect<mqtt::Publish>().payload), "hello");
}

TEST_F(MqttModuleTest, ItsTelemetryIsAcknowledgedAndThatOfOthersEndsTheConnection) {
    auto module = connect();
    for (const auto topic :
         {"devices/d1/modules/m1/messages/events/", "devices/d1/modules/m1/messages/events/a=b/"}) {
        module->send(mqtt::Publish{.topic = topic,
                                   .payload = to_bytes("secret"),
                                   .packet_id = 9,
                                   .qos = QoS::at_least_once});
        EXPECT_EQ(module->expect<mqtt::PubAck>().packet_id, 9);
    }
    EXPECT_THAT(log.of("telemetry_discarded"), ElementsAre(HasSubstr("device=d1/m1")));
    EXPECT_THAT(log.text(), Not(HasSubstr("secret")));
    for (const auto topic :
         {"devices/d1/messages/events/", "devices/d1/modules/m2/messages/events/",
          "devices/d2/modules/m1/messages/events/"}) {
        auto intruder = connect();
        intruder->send(mqtt::Publish{
            .topic = topic, .payload = {}, .packet_id = 1, .qos = QoS::at_least_once});
        expect_ended(*intruder, fmt::format("the module published to '{}'", topic), "d1/m1");
    }
}

TEST_F(MqttModuleTest, ItEndsWhenItIsDeletedOrItsDeviceDisabled) {
    auto module = connect();
    put({.id = d1.id, .status = model::DeviceStatus::disabled, .authentication = d1.authentication},
        {.kind = core::WriteCondition::Kind::update_any});
    EXPECT_TRUE(module->harness.wait_ended());
    expect_refused(connect_packet(module_token(), false, "d1/m1"), "disabled");
    put({.id = d1.id, .authentication = d1.authentication},
        {.kind = core::WriteCondition::Kind::update_any});
    auto again = connect();
    ASSERT_TRUE(answer_of<void>([&](auto answer) {
        hub.registry().delete_module(d1.id, m1.id, std::nullopt, std::move(answer));
    }));
    EXPECT_TRUE(again->harness.wait_ended());
}

// -- a keyring that changes ----------------------------------------------------------------------

TEST_F(MqttAuthenticationTest, WhoStandsOnAPolicyThatIsGoneOrHasOtherKeysEndsAtOnce) {
    auto by_owner = connect(connect_packet(policy_token("iothubowner")));
    const auto d2 = create("d2");
    auto by_key = connect(connect_packet(device_token(d2), false, "d2"));
    create("d3");
    auto by_device_policy = connect(connect_packet(policy_token("device"), false, "d3"));

    remove_policy("service");
    settle({&by_owner->harness, &by_key->harness, &by_device_policy->harness});
    EXPECT_FALSE(by_owner->harness.ended());
    EXPECT_FALSE(by_device_policy->harness.ended());

    remove_policy("iothubowner");
    expect_ended(*by_owner, "iothubowner");
    rotate_policy("device");
    expect_ended(*by_device_policy, "device=d3");
    settle({&by_key->harness});
    EXPECT_FALSE(by_key->harness.ended());
    EXPECT_TRUE(find("d2")->connected);
    EXPECT_FALSE(find("d1")->connected);
}

TEST_F(MqttAuthenticationTest, WhoStandsOnARemovedAuthorityEndsAtOnce) {
    const auto second = make_certificate("Other CA", "", nullptr);
    create_with("x1", {.type = Type::certificate_authority});
    create_with("x2", {.type = Type::certificate_authority});
    const auto own = leaf("anything", nullptr);
    const auto thumbprint = auth::ClientCertificate::parse({{to_der(own)}})->fingerprint();
    create_with("x3", {.type = Type::self_signed, .x509_thumbprint = {.primary = thumbprint}});
    trust({authority, second});
    auto of_first = connect(connect_packet("", false, "x1"), {to_der(leaf("x1", &authority))});
    auto of_second = connect(connect_packet("", false, "x2"), {to_der(leaf("x2", &second))});
    auto of_itself = connect(connect_packet("", false, "x3"), {to_der(own)});

    trust({second});
    expect_ended(*of_first, "reason=", "x1");
    settle({&of_second->harness, &of_itself->harness});
    EXPECT_FALSE(of_second->harness.ended());
    EXPECT_FALSE(of_itself->harness.ended());
    trust({});
    expect_ended(*of_second, "reason=", "x2");
    settle({&of_itself->harness});
    EXPECT_FALSE(of_itself->harness.ended());
    EXPECT_THAT(log.of("connection_ended"), SizeIs(2));
}

TEST_F(MqttAuthenticationTest, AKeyringReplacedWhileADeviceConnectsCounts) {
    auto device = open();
    device->send(connect_packet(policy_token("device")));
    remove_policy("device");
    EXPECT_TRUE(device->harness.wait_ended());
    settle({&device->harness});
    EXPECT_FALSE(find("d1")->connected);
}

}  // namespace
}  // namespace restante::gateway
