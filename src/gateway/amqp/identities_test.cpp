// Modules, certificates and a keyring that changes, as a connection meets them.

#include "gateway/amqp/identities.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "support/amqp_session_client.hpp"
#include "support/test_certificates.hpp"
#include "support/test_hub.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using amqp::test::receiver_from;
using amqp::test::sender_to;
using test::AmqpClient;
using test::make_certificate;
using test::TestCertificate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* unauthorized = "amqp:unauthorized-access";
constexpr const char* d1_devicebound = "/devices/d1/messages/devicebound";
constexpr const char* d1_events = "/devices/d1/messages/events";
constexpr const char* m1_events = "/devices/d1/modules/m1/messages/events";

class IdentitiesTest : public test::TestHub {
  protected:
    /// Test certificates are valid by the machine's own clock.
    IdentitiesTest() { clock.set_wall(SystemClock().now().wall); }

    std::unique_ptr<AmqpClient> open_with(std::string_view token) {
        auto client = std::make_unique<AmqpClient>(access, clock);
        EXPECT_EQ(client->put_token(token), "200 OK");
        return client;
    }
    std::unique_ptr<AmqpClient> open_plain(std::string_view user, std::string password) {
        auto options = amqp::test::client_options(amqp::SaslMechanism::plain);
        options.user = user;
        options.password = std::move(password);
        return std::make_unique<AmqpClient>(access, clock, std::move(options));
    }
    std::unique_ptr<AmqpClient> open_certified(
        const TestCertificate& certificate, amqp::SaslMechanism sasl = amqp::SaslMechanism::none) {
        return std::make_unique<AmqpClient>(access, clock, amqp::test::client_options(sasl),
                                            std::vector<Bytes>{to_der(certificate)});
    }
    model::ModuleIdentity put_module(std::string_view id) {
        auto done = answer_of<model::ModuleDescription>([&](auto answer) {
            hub.registry().put_module({.device = d1.id,
                                       .id = *model::ModuleId::parse(id),
                                       .managed_by = {},
                                       .authentication = {}},
                                      {}, std::move(answer));
        });
        EXPECT_TRUE(done);
        return done->identity;
    }
    std::string module_token(const model::ModuleIdentity& module) const {
        return auth::SharedAccessSignature::create(
            fmt::format("{}/devices/d1/modules/{}", hostname, module.id.value()),
            *from_base64(module.authentication.symmetric_key.primary), in(1h));
    }
    model::DeviceIdentity certified(std::string_view id, model::AuthenticationMechanism how) {
        return put({.id = *model::DeviceId::parse(id), .authentication = std::move(how)}, {});
    }
    model::DeviceIdentity self_signed(std::string_view id, const TestCertificate& certificate) {
        const std::vector<Bytes> chain{to_der(certificate)};
        return certified(
            id,
            {.type = model::AuthenticationType::self_signed,
             .x509_thumbprint = {.primary = auth::ClientCertificate::parse(chain)->fingerprint()}});
    }
    auth::Keyring keyring(auth::SharedAccessPolicies kept, bool trusting = false) const {
        auth::Keyring made{.policies = std::move(kept), .authorities = {}};
        if (trusting) {
            made.authorities.push_back({.name = "fleet",
                                        .certificate_pem = authority.certificate_pem,
                                        .verification_code = {},
                                        .verified = true});
        }
        return made;
    }
    void change(const model::DeviceIdentity& device, model::DeviceStatus status,
                model::AuthenticationMechanism authentication) {
        put({.id = device.id, .status = status, .authentication = std::move(authentication)},
            {.kind = core::WriteCondition::Kind::update_any});
    }
    void disable(const model::DeviceIdentity& device) {
        change(device, model::DeviceStatus::disabled, device.authentication);
    }
    /// Keys made anew.
    void rekey(const model::DeviceIdentity& device) {
        change(device, model::DeviceStatus::enabled, {});
    }
    void remove(const model::DeviceIdentity& device) {
        EXPECT_TRUE(answer_of<void>([&](auto answer) {
            hub.registry().delete_device(device.id, std::nullopt, std::move(answer));
        }));
    }
    void remove(const model::ModuleIdentity& module) {
        EXPECT_TRUE(answer_of<void>([&](auto answer) {
            hub.registry().delete_module(d1.id, module.id, std::nullopt, std::move(answer));
        }));
    }
    /// The conditions of the next links that end.
    static std::vector<std::string> ends(AmqpClient& client, std::size_t count) {
        std::vector<std::string> conditions;
        for (std::size_t i = 0; i < count; ++i) {
            const auto error = client.expect<amqp::Detached>().error;
            conditions.push_back(error.value_or(amqp::ErrorCondition{}).condition);
        }
        return conditions;
    }
    void expect_open(AmqpClient& client) {
        settle({&client.harness});
        EXPECT_EQ(client.count<amqp::Detached>() + client.count<amqp::Closed>(), 0U);
    }
    /// The connection's end and its reason.
    static std::string end_of(AmqpClient& client) {
        return client.expect<amqp::Closed>().error.value_or(amqp::ErrorCondition{}).condition;
    }

    const model::DeviceIdentity d1 = create("d1");
    const model::DeviceIdentity d2 = create("d2");
    const model::ModuleIdentity m1 = put_module("m1");
    const model::ModuleIdentity m2 = put_module("m2");
    const TestCertificate authority = make_certificate("Fleet CA", "", nullptr);
};

// -- modules -------------------------------------------------------------------------------------

TEST_F(IdentitiesTest, AModuleOpensWhatItsSdkAsksForAndNothingOfItsDevice) {
    const auto user = "d1/modules/m1@sas.hub";
    for (auto& client : {open_with(module_token(m1)), open_plain(user, module_token(m1)),
                         open_with(policy_token("device"))}) {
        client->expect<amqp::Opened>();
        client->sender(m1_events);
        client->sender("/devices/d1/modules/m1/methods/devicebound");
        client->sender("/devices/d1/modules/m1/twin");
        for (const auto* node :
             {"messages/events", "messages/devicebound", "methods/devicebound", "twin"}) {
            client->receiver(fmt::format("/devices/d1/modules/m1/{}", node));
        }
    }
    auto client = open_with(module_token(m1));
    for (const auto* other : {d1_events, "/devices/d1/modules/m2/messages/events",
                              "/devices/d2/modules/m1/messages/events", "/messages/devicebound"}) {
        EXPECT_EQ(client->refused(sender_to(other)).condition, unauthorized);
    }
    EXPECT_EQ(client->refused(receiver_from(d1_devicebound)).condition, unauthorized);
}

TEST_F(IdentitiesTest, ADeviceIsNotItsModuleNorIsAnotherModule) {
    auto device = open_with(device_token(d1));
    EXPECT_EQ(device->refused(sender_to(m1_events)).condition, unauthorized);
    EXPECT_THAT(log.of("link_refused"), ElementsAre(HasSubstr("no token of this module")));
    for (const auto& token : {module_token(m2), device_token(d1),
                              module_token({.id = m1.id, .authentication = m2.authentication})}) {
        auto client = open_plain("d1/modules/m1@hub", token);
        client->expect<amqp::Failed>();
        EXPECT_TRUE(client->harness.wait_ended());
    }
    EXPECT_THAT(log.of("refused"), testing::SizeIs(3));
    EXPECT_THAT(log.of("refused")[0], HasSubstr("who=d1/m1 "));
}

TEST_F(IdentitiesTest, ADeviceAndItsModuleShareAConnection) {
    auto client = open_with(device_token(d1));
    EXPECT_EQ(client->put_token(module_token(m1)), "200 OK");
    client->receiver(d1_devicebound);
    client->sender(m1_events);
    EXPECT_THAT(log.of("link_refused"), IsEmpty());
}

// -- certificates --------------------------------------------------------------------------------

TEST_F(IdentitiesTest, ACertificateOpensTheLinksOfItsDeviceWithAndWithoutSasl) {
    const auto own = make_certificate("anything", "DNS:client", nullptr);
    self_signed("c1", own);
    self_signed("c2", own);
    for (const auto sasl : {amqp::SaslMechanism::none, amqp::SaslMechanism::external,
                            amqp::SaslMechanism::anonymous}) {
        auto client = open_certified(own, sasl);
        client->expect<amqp::Opened>();
        client->receiver("/devices/c1/messages/devicebound");
        client->sender("/devices/c1/messages/events");
        // The same thumbprint: a connection by certificate carries one device all the same.
        EXPECT_EQ(client->refused(sender_to("/devices/c2/messages/events")).condition,
                  unauthorized);
        EXPECT_EQ(client->refused(sender_to(d1_events)).condition, unauthorized);
        EXPECT_EQ(client->refused(sender_to("/messages/devicebound")).condition, unauthorized);
    }
    EXPECT_THAT(log.of("link_refused")[0], HasSubstr("speaks for c1 already"));
}

TEST_F(IdentitiesTest, ACertificateOfAnotherOpensNothing) {
    const auto own = make_certificate("c1", "DNS:client", nullptr);
    self_signed("c1", own);
    auto impostor = open_certified(make_certificate("c1", "DNS:client", nullptr));
    EXPECT_EQ(impostor->refused(sender_to("/devices/c1/messages/events")).condition, unauthorized);
    EXPECT_THAT(log.of("link_refused").back(), HasSubstr("thumbprint"));
    auto nobody = std::make_unique<AmqpClient>(access, clock);
    EXPECT_EQ(nobody->refused(sender_to("/devices/c1/messages/events")).condition, unauthorized);
    auto external = std::make_unique<AmqpClient>(
        access, clock, amqp::test::client_options(amqp::SaslMechanism::external));
    EXPECT_THAT(external->expect<amqp::Failed>().error.message, HasSubstr("does not offer"));
}

TEST_F(IdentitiesTest, LinksEndWithTheCertificateTheyStandOn) {
    const auto own = make_certificate("c1", "DNS:client", nullptr, 1);
    self_signed("c1", own);
    clock.set_wall(in(std::chrono::days(1) - 30s));
    auto client = open_certified(own);
    client->sender("/devices/c1/messages/events");
    clock.advance(1min);
    client->advance();
    EXPECT_EQ(end_of(*client), unauthorized);
    EXPECT_THAT(log.of("refused"), ElementsAre(HasSubstr("the device's certificate expired")));
}

// -- the keyring ---------------------------------------------------------------------------------

TEST_F(IdentitiesTest, ARemovedPolicyEndsWhatStandsOnItAtOnceAndNothingElse) {
    auto service = open_with(policy_token("service"));
    service->sender("/messages/devicebound");
    auto mixed = open_with(policy_token("device"));
    EXPECT_EQ(mixed->put_token(device_token(d1)), "200 OK");
    mixed->sender("/devices/d1/messages/events");
    mixed->sender("/devices/d2/messages/events");
    auto owner = open_with(policy_token("iothubowner"));
    owner->sender("/messages/devicebound");

    access.replace_keyring(keyring({*auth::find(policies, "iothubowner")}));
    EXPECT_EQ(end_of(*service), unauthorized);
    const auto ended = mixed->expect<amqp::Detached>();
    EXPECT_EQ(ended.error->condition, unauthorized);
    settle({&mixed->harness, &owner->harness});
    EXPECT_EQ(mixed->count<amqp::Detached>(), 0U) << "the device has a token of its own";
    EXPECT_EQ(mixed->count<amqp::Closed>(), 0U);
    EXPECT_EQ(owner->count<amqp::Detached>() + owner->count<amqp::Closed>(), 0U);
    EXPECT_THAT(log.of("link_ended"), testing::SizeIs(2));
}

TEST_F(IdentitiesTest, ARotatedPolicyKeyEndsTheDevicesItProved) {
    auto client = open_with(auth::SharedAccessSignature::create(
        fmt::format("{}/devices/d1", hostname),
        *from_base64(auth::find(policies, "device")->primary_key), in(1h), "device"));
    client->sender(d1_events);
    access.replace_keyring(keyring(auth::make_default_policies()));
    EXPECT_EQ(end_of(*client), unauthorized);
    EXPECT_THAT(log.of("refused"), ElementsAre(HasSubstr("not by a key of policy 'device'")));
}

TEST_F(IdentitiesTest, APolicyThatLosesARightEndsItsLinks) {
    auto client = open_with(policy_token("iothubowner"));
    client->sender("/messages/devicebound");
    auto fewer = policies;
    fewer[0].rights = auth::Rights::service_connect;
    access.replace_keyring(keyring(fewer));
    EXPECT_EQ(end_of(*client), unauthorized);
}

TEST_F(IdentitiesTest, ARemovedAuthorityEndsItsDevicesWhileThumbprintsStay) {
    access.replace_keyring(keyring(policies, true));
    certified("c1", {.type = model::AuthenticationType::certificate_authority});
    const auto issued = make_certificate("c1", "DNS:client", &authority);
    const auto own = make_certificate("c2", "DNS:client", nullptr);
    self_signed("c2", own);
    auto by_authority = open_certified(issued);
    by_authority->receiver("/devices/c1/messages/devicebound");
    auto by_thumbprint = open_certified(own);
    by_thumbprint->receiver("/devices/c2/messages/devicebound");

    access.replace_keyring(keyring(policies, false));
    EXPECT_EQ(end_of(*by_authority), unauthorized);
    settle({&by_thumbprint->harness});
    EXPECT_EQ(by_thumbprint->count<amqp::Closed>(), 0U);
    EXPECT_TRUE(find("c2")->connected);
    EXPECT_FALSE(find("c1")->connected);
}

// -- identities that change ----------------------------------------------------------------------

TEST_F(IdentitiesTest, ADeviceThatEndsLosesEveryKindOfLinkAndNobodyElseDoes) {
    struct Case {
        std::function<void(const model::DeviceIdentity&)> act;
        std::string condition;
    };
    const Case cases[] = {{[this](const auto& device) { disable(device); }, "amqp:not-found"},
                          {[this](const auto& device) { rekey(device); }, unauthorized},
                          {[this](const auto& device) { remove(device); }, "amqp:not-found"}};
    for (const auto& [act, condition] : cases) {
        const auto device = create("d3");
        auto client = open_with(device_token(device));
        EXPECT_EQ(client->put_token(device_token(d2)), "200 OK");
        client->sender("/devices/d3/messages/events");
        client->sender("/devices/d3/twin");
        client->receiver("/devices/d3/twin");
        client->receiver("/devices/d3/methods/devicebound");
        const auto kept = client->sender("/devices/d2/messages/events");
        act(device);
        EXPECT_THAT(ends(*client, 4), testing::Each(condition));
        expect_open(*client);
        EXPECT_TRUE(client->engine.can_send(kept));
        EXPECT_EQ(client->refused(sender_to("/devices/d3/messages/events")).condition, unauthorized)
            << "the token is forgotten too";
        if (find("d3")) remove(device);
    }
}

TEST_F(IdentitiesTest, AConnectionEndsWithTheLastItSpeaksFor) {
    auto by_token = open_with(device_token(d1));
    EXPECT_EQ(by_token->put_token(device_token(d1)), "200 OK") << "renewed";
    by_token->sender(d1_events);
    auto without_links = open_plain("d1@sas.hub", device_token(d1));
    without_links->expect<amqp::Opened>();
    disable(d1);
    EXPECT_THAT(ends(*by_token, 1), ElementsAre("amqp:not-found"));
    EXPECT_EQ(end_of(*by_token), "amqp:not-found");
    EXPECT_EQ(end_of(*without_links), "amqp:not-found");

    const auto own = make_certificate("c1", "DNS:client", nullptr);
    const auto c1 = self_signed("c1", own);
    auto certified = open_certified(own);
    certified->sender("/devices/c1/messages/events");
    rekey(c1);
    EXPECT_EQ(end_of(*certified), unauthorized);
}

TEST_F(IdentitiesTest, AModuleEndsWithItselfItsKeysOrItsDevice) {
    auto client = open_with(device_token(d1));
    EXPECT_EQ(client->put_token(module_token(m1)), "200 OK");
    EXPECT_EQ(client->put_token(module_token(m2)), "200 OK");
    client->sender(m1_events);
    client->sender("/devices/d1/modules/m2/messages/events");
    client->sender(d1_events);
    remove(m1);
    EXPECT_THAT(ends(*client, 1), ElementsAre("amqp:not-found"));
    expect_open(*client);
    rekey(d1);
    EXPECT_THAT(ends(*client, 1), ElementsAre(unauthorized));
    expect_open(*client);
    disable(d1);
    EXPECT_EQ(end_of(*client), "amqp:not-found");
}

TEST_F(IdentitiesTest, UnderAPolicysTokenTheLinksOfADeviceThatEndsGoAndItsOthersStay) {
    auto client = open_with(policy_token("iothubowner"));
    client->sender(d1_events);
    client->sender(m1_events);
    client->sender("/devices/d2/messages/events");
    client->sender("/messages/devicebound");
    remove(d1);
    EXPECT_THAT(ends(*client, 2), testing::Each("amqp:not-found"));
    expect_open(*client);
    rekey(d2);
    EXPECT_THAT(ends(*client, 1), ElementsAre(unauthorized));
    client->sender("/devices/d2/messages/events");  // the policy proves it as before
}

TEST_F(IdentitiesTest, AnIdentityThatChangesWhileItsLinkOpensKeepsNone) {
    const auto ask_and = [&](AmqpClient& client, const auto& act) {
        client.engine.attach(client.session(), sender_to(d1_events));
        client.pump();  // the hub has the question, its answer is not heard before the change
        act();
        return client.expect<amqp::Detached>().error->condition;
    };
    auto by_policy = open_with(policy_token("device"));
    EXPECT_EQ(ask_and(*by_policy, [&] { rekey(d1); }), unauthorized);
    const auto changed = find("d1")->identity;
    auto by_token = open_with(device_token(changed));
    EXPECT_EQ(ask_and(*by_token, [&] { disable(changed); }), "amqp:not-found");
}

}  // namespace
}  // namespace restante::gateway
