#include "configuration.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "auth/shared_access_signature.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_certificates.hpp"

namespace restante::device {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string key = "c2VjcmV0IGtleQ==";
const WallTime now = SystemClock().now().wall;

class ConfigurationTest : public testing::Test {
  protected:
    ConfigurationTest() {
        ::unsetenv("RESTANTE_CA_FILE");
        ::unsetenv("RESTANTE_MQTT_PORT");
        options.server_verification_cert = test::authority_certificate().certificate_pem;
    }
    ~ConfigurationTest() override {
        ::unsetenv("RESTANTE_CA_FILE");
        ::unsetenv("RESTANTE_MQTT_PORT");
    }
    Configuration of(const std::string& text) {
        return Configuration::from_connection_string(Kind::device, text, options);
    }
    /// What std::invalid_argument says; empty when nothing is thrown.
    template <class Act>
    static std::string refusal(Act act) {
        try {
            act();
        } catch (const std::invalid_argument& refused) {
            return refused.what();
        }
        return {};
    }
    std::string refusal_of(const std::string& text) {
        return refusal([&] { of(text); });
    }
    static std::string token(const std::string& resource, WallTime expiry) {
        return auth::SharedAccessSignature::create(resource, as_bytes("key"), expiry);
    }

    ClientOptions options;
};

TEST_F(ConfigurationTest, AProxyIsCheckedAndTakenOver) {
    const auto text = "HostName=hub.example;DeviceId=d1;SharedAccessKey=" + key;
    EXPECT_FALSE(of(text).proxy);
    options.proxy_options.proxy_address = "gate";
    EXPECT_THAT(refusal_of(text), HasSubstr("proxy_port"));
    options.proxy_options.proxy_port = 3128;
    EXPECT_EQ(of(text).proxy->name(), "the HTTP proxy gate:3128");
    EXPECT_EQ(of(text).host, "hub.example");
}

TEST_F(ConfigurationTest, ACipherThatNobodyKnowsIsNamed) {
    const auto text = "HostName=hub.example;DeviceId=d1;SharedAccessKey=" + key;
    options.cipher = "ECDHE-RSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384";
    EXPECT_EQ(refusal_of(text), "");
    options.cipher += ":ROT13";
    EXPECT_THAT(refusal_of(text), testing::AllOf(StartsWith("'cipher': "), HasSubstr("ROT13")));
}

TEST_F(ConfigurationTest, ReadsADevicesConnectionString) {
    const auto made = of("HostName=hub.example;DeviceId=d1;SharedAccessKey=" + key);
    EXPECT_EQ(made.hub, "hub.example");
    EXPECT_EQ(made.host, "hub.example");
    EXPECT_EQ(made.port, 8883);
    EXPECT_EQ(made.identity.device.value(), "d1");
    EXPECT_EQ(as_text(std::get<KeyCredentials>(made.credentials).key), "secret key");
    EXPECT_EQ(std::get<KeyCredentials>(made.credentials).policy, "");
}

TEST_F(ConfigurationTest, PolicyKeySignsInThePolicysName) {
    const auto made = of("HostName=h;DeviceId=d;SharedAccessKeyName=device;SharedAccessKey=" + key);
    EXPECT_EQ(std::get<KeyCredentials>(made.credentials).policy, "device");
}

TEST_F(ConfigurationTest, GatewayIsConnectedToAndTheHubIsNamed) {
    const auto made =
        of("HostName=hub.example;DeviceId=d;GatewayHostName=edge:18883;SharedAccessKey=" + key);
    EXPECT_EQ(made.hub, "hub.example");
    EXPECT_EQ(made.host, "edge");
    EXPECT_EQ(made.port, 18883);
}

TEST_F(ConfigurationTest, PortComesFromOptionThenHostThenEnvironment) {
    const std::string rest = ";DeviceId=d;SharedAccessKey=" + key;
    ::setenv("RESTANTE_MQTT_PORT", "1111", 1);
    EXPECT_EQ(of("HostName=hub" + rest).port, 1111);
    EXPECT_EQ(of("HostName=hub:2222" + rest).port, 2222);
    EXPECT_EQ(of("HostName=hub:2222" + rest).hub, "hub");
    options.port = 3333;
    EXPECT_EQ(of("HostName=hub:2222" + rest).port, 3333);
    for (const char* wrong : {"0", "65536", "port", "88 83", "8883x"}) {
        ::setenv("RESTANTE_MQTT_PORT", wrong, 1);
        EXPECT_THAT(refusal_of("HostName=hub" + rest), HasSubstr("RESTANTE_MQTT_PORT")) << wrong;
    }
}

TEST_F(ConfigurationTest, ConnectionStringsThatCannotBeUsedAreExplained) {
    EXPECT_THAT(refusal_of("nonsense"), StartsWith("Invalid Connection String - Unable to parse"));
    EXPECT_THAT(refusal_of("HostName=h;DeviceId=d"),
                StartsWith("Invalid Connection String - Incomplete"));
    EXPECT_THAT(refusal_of("HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey=" + key),
                HasSubstr("a module's"));
    EXPECT_THAT(refusal_of("HostName=h;DeviceId=d;x509=true"), HasSubstr("x509=true"));
    EXPECT_THAT(refusal_of("HostName=h;DeviceId=a b;SharedAccessKey=" + key), Not(""));
    EXPECT_THAT(refusal_of("HostName=h:99999;DeviceId=d;SharedAccessKey=" + key),
                HasSubstr("'h:99999'"));
}

TEST_F(ConfigurationTest, ModulesAreToldFromDevices) {
    const std::string of_module = "HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey=" + key;
    const auto made = Configuration::from_connection_string(Kind::module, of_module, options);
    EXPECT_EQ(made.resource(), "h/devices/d/modules/m");
    EXPECT_EQ(made.identity.client_id(), "d/m");
    EXPECT_THAT(refusal([&] {
                    Configuration::from_connection_string(
                        Kind::module, "HostName=h;DeviceId=d;SharedAccessKey=" + key, options);
                }),
                HasSubstr("give it to IoTHubDeviceClient"));
    EXPECT_THAT(refusal([&] {
                    Configuration::from_sastoken(Kind::module, token("h/devices/d", now + 1h), now,
                                                 options);
                }),
                StartsWith("Provided SasToken is for a device"));
    const auto by_token = Configuration::from_sastoken(
        Kind::module, token("h/devices/d/modules/m", now + 1h), now, options);
    EXPECT_THAT(refusal([&] {
                    static_cast<void>(
                        by_token.read_other_token(token("h/devices/d/modules/n", now + 1h), now));
                }),
                StartsWith("Provided SasToken does not match existing module id"));
    options.transport = Transport::https;
    EXPECT_THAT(
        refusal([&] { Configuration::from_connection_string(Kind::module, of_module, options); }),
        HasSubstr("not HTTPS"));
}

TEST_F(ConfigurationTest, AGatewayIsConnectedToInsteadOfTheHub) {
    options.gateway_hostname = "gateway.example:8443";
    const auto made =
        Configuration::from_symmetric_key(key, "hub.example", Identity::parse("d"), options);
    EXPECT_EQ(made.host, "gateway.example");
    EXPECT_EQ(made.port, 8443);
    EXPECT_EQ(made.resource(), "hub.example/devices/d");
    EXPECT_THAT(refusal_of("HostName=h;DeviceId=d;SharedAccessKey=" + key),
                HasSubstr("GatewayHostName"));
}

TEST_F(ConfigurationTest, BadKeyIsRefusedWithoutBeingShown) {
    const std::string text = refusal([&] {
        Configuration::from_symmetric_key("not*base64", "hub.example", Identity::parse("d"),
                                          options);
    });
    EXPECT_THAT(text, StartsWith("Could not create a SasToken using provided values"));
    EXPECT_THAT(text, Not(HasSubstr("not*base64")));
}

TEST_F(ConfigurationTest, TokenSaysWhoAndWhere) {
    const std::string text = token("Hub.Example/devices/d1", now + 1h);
    const auto made = Configuration::from_sastoken(Kind::device, text, now, options);
    EXPECT_EQ(made.host, "hub.example");
    EXPECT_EQ(made.identity.device.value(), "d1");
    EXPECT_EQ(std::get<TokenCredentials>(made.credentials).token, text);
}

TEST_F(ConfigurationTest, TokensThatCannotBeUsedAreExplained) {
    const auto refused = [&](const std::string& text) {
        return refusal([&] { Configuration::from_sastoken(Kind::device, text, now, options); });
    };
    EXPECT_THAT(refused("nonsense"), StartsWith("Invalid SasToken provided"));
    EXPECT_THAT(refused(token("h/devices/d/modules/m", now + 1h)),
                StartsWith("Provided SasToken is for a module"));
    EXPECT_THAT(refused(token("h", now + 1h)), StartsWith("Invalid SasToken provided"));
    EXPECT_THAT(refused(token("h/devices/d", now - 1h)),
                StartsWith("Provided SasToken has already expired"));
}

TEST_F(ConfigurationTest, OptionsOutOfRangeAreRefusedInPythonsWords) {
    const auto refused = [&](auto change) {
        const ClientOptions before = options;
        change(options);
        const auto text = refusal_of("HostName=h;DeviceId=d;SharedAccessKey=" + key);
        options = before;
        return text;
    };
    EXPECT_EQ(refused([](ClientOptions& o) { o.keep_alive = 0s; }),
              "'keep alive' must be greater than 0");
    EXPECT_EQ(refused([](ClientOptions& o) { o.keep_alive = 1741s; }),
              "'keep_alive' cannot exceed 1740 seconds (29 minutes)");
    EXPECT_EQ(refused([](ClientOptions& o) { o.keep_alive = 1740s; }), "");
    EXPECT_EQ(refused([](ClientOptions& o) { o.connection_retry_interval = 0s; }),
              "'connection_retry_interval' must be greater than 0");
    EXPECT_EQ(refused([](ClientOptions& o) { o.sastoken_ttl = 0s; }),
              "'sastoken_ttl' must be greater than 0");
    EXPECT_EQ(refused([](ClientOptions& o) { o.sastoken_ttl = std::chrono::seconds::max(); }),
              "'sastoken_ttl' cannot exceed ten years");
    EXPECT_EQ(refused([](ClientOptions& o) { o.polling_interval = 0s; }),
              "'polling_interval' must be at least 1 second");
    EXPECT_THAT(refused([](ClientOptions& o) {
                    o.transport = Transport::https;
                    o.websockets = true;
                }),
                HasSubstr("leave websockets off"));
    EXPECT_THAT(refused([](ClientOptions& o) { o.server_verification_cert = "no PEM"; }),
                HasSubstr("server_verification_cert"));
}

TEST_F(ConfigurationTest, EnvironmentNamesTheTrustedFile) {
    const std::string text = "HostName=h;DeviceId=d;SharedAccessKey=" + key;
    const test::TemporaryFolder folder;
    const std::string file = folder.path() / "ca.pem";
    std::ofstream(file) << test::authority_certificate().certificate_pem;
    options.server_verification_cert.clear();
    ::setenv("RESTANTE_CA_FILE", file.c_str(), 1);
    EXPECT_EQ(refusal_of(text), "");
    const std::string missing = folder.path() / "none.pem";
    for (const std::string& wrong : {missing, folder.path().string()}) {
        ::setenv("RESTANTE_CA_FILE", wrong.c_str(), 1);
        EXPECT_THAT(refusal_of(text), HasSubstr("RESTANTE_CA_FILE names " + wrong));
    }
    ::unsetenv("RESTANTE_CA_FILE");
    EXPECT_EQ(refusal_of(text), "");
}

}  // namespace
}  // namespace restante::device
