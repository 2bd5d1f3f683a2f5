#include "server/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace restante::server {
namespace {

Config parse(std::vector<std::string> arguments) {
    return parse_config(arguments);
}

std::string refusal(std::vector<std::string> arguments) {
    try {
        parse_config(arguments);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "accepted";
}

/// Sets a variable for the length of a test.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
    ~Variable() { unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
};

class File {
  public:
    explicit File(const std::string& text) : path(testing::TempDir() + "restante_config.toml") {
        std::ofstream(path) << text;
    }
    ~File() { std::remove(path.c_str()); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    std::string path;
};

TEST(Config, HasTheStandardPortsAndListensOnLoopback) {
    const Config config = parse({});
    EXPECT_EQ(config.mqtt_port, 8883);
    EXPECT_EQ(config.amqp_port, 5671);
    EXPECT_EQ(config.https_port, 443);
    EXPECT_EQ(config.hostname, "hub.localhost");
    EXPECT_TRUE(config.listen.empty());
}

TEST(Config, AFlagWinsOverTheEnvironmentAndTheEnvironmentOverTheFile) {
    const File file("mqtt-port = 1\namqp-port = 1\nhttps-port = 1\nsan = [\"a\", \"b\"]\n");
    const Variable mqtt("RESTANTE_MQTT_PORT", "2");
    const Variable amqp("RESTANTE_AMQP_PORT", "2");
    const Config config = parse({"--config", file.path, "--mqtt-port", "3"});
    EXPECT_EQ(config.mqtt_port, 3);
    EXPECT_EQ(config.amqp_port, 2);
    EXPECT_EQ(config.https_port, 1);
    EXPECT_THAT(config.san, testing::ElementsAre("a", "b"));
}

TEST(Config, AnUnknownNameIsRefusedWithASuggestionWhereverItStands) {
    EXPECT_THAT(refusal({"--mqt-port", "1"}), testing::HasSubstr("--mqtt-port"));
    EXPECT_THAT(refusal({"extra"}), testing::HasSubstr("'extra'"));
    {
        const Variable wrong("RESTANTE_MQTTPORT", "1");
        EXPECT_THAT(refusal({}), testing::HasSubstr("RESTANTE_MQTT_PORT"));
    }
    const File file("hostnam = \"x\"\n");
    EXPECT_THAT(refusal({"--config=" + file.path}), testing::HasSubstr("hostname"));
}

TEST(Config, AValueThatIsNoneIsRefused) {
    EXPECT_THAT(refusal({"--mqtt-port", "70000"}), testing::HasSubstr("mqtt-port"));
    EXPECT_THAT(refusal({"--amqp-port", "x"}), testing::HasSubstr("amqp-port"));
    EXPECT_THAT(refusal({"--log-level", "loud"}), testing::HasSubstr("log-level"));
    EXPECT_THAT(refusal({"--config", "/nowhere/x.toml"}), testing::HasSubstr("/nowhere/x.toml"));
}

TEST(Config, StrangersHaveABoundPerAddressInEverySource) {
    EXPECT_EQ(parse({}).unproved_connections_per_address_max, 512);
    EXPECT_EQ(parse({"--unproved-connections-per-address-max", "65535"})
                  .unproved_connections_per_address_max,
              65535);
    for (const auto* wrong : {"0", "65536", "-1", "x"}) {
        EXPECT_THAT(refusal({"--unproved-connections-per-address-max", wrong}),
                    testing::HasSubstr("unproved-connections-per-address-max"));
    }
    const File file("unproved-connections-per-address-max = 7\n");
    EXPECT_EQ(parse({"--config", file.path}).unproved_connections_per_address_max, 7);
    const Variable variable("RESTANTE_UNPROVED_CONNECTIONS_PER_ADDRESS_MAX", "1");
    EXPECT_EQ(parse({"--config", file.path}).unproved_connections_per_address_max, 1);
}

TEST(Config, VariablesOfTheClientLibrariesAreNoMistake) {
    const Variable ca("RESTANTE_CA_FILE", "/tmp/ca.pem");
    EXPECT_EQ(parse({}).mqtt_port, 8883);
}

TEST(Config, ACertificateComesWithItsKey) {
    const Variable key("RESTANTE_TLS_KEY", "/etc/hub.key.pem");
    const Config config = parse({"--tls-certificate", "/etc/hub.pem"});
    EXPECT_EQ(config.tls_certificate, "/etc/hub.pem");
    EXPECT_EQ(config.tls_key, "/etc/hub.key.pem");
    EXPECT_THAT(refusal({}), testing::HasSubstr("--tls-certificate and --tls-key"));
}

TEST(Config, HelpNamesEverySetting) {
    try {
        parse({"--help"});
        FAIL() << "no help";
    } catch (const HelpRequested& help) {
        for (const char* name : {"--data-dir", "--hostname", "--listen", "--mqtt-port", "--san"}) {
            EXPECT_THAT(help.what(), testing::HasSubstr(name));
        }
    }
}

TEST(Config, TheQueuesRulesHaveTheServicesNamesAndDefaultsInEverySource) {
    using namespace std::chrono_literals;
    const Config standard = parse({});
    EXPECT_EQ(standard.rules.queue.ttl_default, 1h);
    EXPECT_EQ(standard.rules.queue.delivery_count_max, 10u);
    EXPECT_EQ(standard.rules.queue.depth_max, 50u);
    EXPECT_EQ(standard.rules.queue.lock_duration, 60s);
    EXPECT_EQ(standard.rules.feedback.ttl, 1h);
    EXPECT_EQ(standard.rules.feedback.delivery_count_max, 10u);
    EXPECT_EQ(standard.rules.feedback.lock_duration, 60s);

    const File file(
        "[cloudToDevice]\ndefaultTtlAsIso8601 = \"P2D\"\nmaxDeliveryCount = 100\n"
        "[cloudToDevice.feedback]\nttlAsIso8601 = \"PT1M\"\nmaxDeliveryCount = 1\n");
    const Variable lock("RESTANTE_CLOUDTODEVICE_FEEDBACK_LOCKDURATIONASISO8601", "PT0H0M5S");
    const Config config = parse({"--config", file.path, "--cloudToDevice.maxQueueDepth", "7",
                                 "--cloudToDevice.lockDurationAsIso8601=PT5M"});
    EXPECT_EQ(config.rules.queue.ttl_default, 48h);
    EXPECT_EQ(config.rules.queue.delivery_count_max, 100u);
    EXPECT_EQ(config.rules.queue.depth_max, 7u);
    EXPECT_EQ(config.rules.queue.lock_duration, 5min);
    EXPECT_EQ(config.rules.feedback.ttl, 1min);
    EXPECT_EQ(config.rules.feedback.delivery_count_max, 1u);
    EXPECT_EQ(config.rules.feedback.lock_duration, 5s);
}

TEST(Config, ARuleOutOfItsRangeIsRefusedWithTheRange) {
    using testing::AllOf;
    using testing::HasSubstr;
    const auto flag = [](const char* name, const char* value) {
        return refusal({std::string("--cloudToDevice.") + name, value});
    };
    EXPECT_THAT(flag("defaultTtlAsIso8601", "PT59S"), AllOf(HasSubstr("PT1M"), HasSubstr("P2D")));
    EXPECT_THAT(flag("defaultTtlAsIso8601", "P2DT1S"), HasSubstr("P2D"));
    EXPECT_THAT(flag("defaultTtlAsIso8601", "1h"), HasSubstr("1h"));
    EXPECT_THAT(flag("maxDeliveryCount", "0"), HasSubstr("1 to 100"));
    EXPECT_THAT(flag("maxDeliveryCount", "101"), HasSubstr("cloudToDevice.maxDeliveryCount"));
    EXPECT_THAT(flag("maxQueueDepth", "0"), HasSubstr("1 to 10000"));
    EXPECT_THAT(flag("lockDurationAsIso8601", "PT4S"), AllOf(HasSubstr("PT5S"), HasSubstr("PT5M")));
    EXPECT_THAT(flag("feedback.lockDurationAsIso8601", "PT301S"), HasSubstr("PT5M"));
    EXPECT_THAT(flag("feedback.ttlAsIso8601", "PT1S"), HasSubstr("PT1M"));
    EXPECT_THAT(flag("feedback.maxDeliverycount", "1"),
                HasSubstr("cloudToDevice.feedback.maxDeliveryCount"));
    const File file("[cloudToDevice]\nmaxDeliveryCount = 500\n");
    EXPECT_THAT(refusal({"--config", file.path}), HasSubstr("1 to 100"));
}

TEST(Config, ATierAndItsUnitsLimitTheHub) {
    using testing::HasSubstr;
    EXPECT_EQ(parse({}).rules.throttle.tier, core::ServiceTier::off);
    const File file("[throttling]\nprofile = \"s3\"\nunits = 10\n");
    const auto rules = parse({"--config", file.path}).rules.throttle;
    EXPECT_EQ(rules.tier, core::ServiceTier::s3);
    EXPECT_EQ(rules.units, 10u);
    EXPECT_THAT(refusal({"--throttling.profile", "S4"}), HasSubstr("throttling.profile"));
    EXPECT_THAT(refusal({"--throttling.profile", "S1", "--throttling.units", "0"}),
                HasSubstr("throttling.units"));
    EXPECT_THAT(refusal({"--throttling.profile", "F1", "--throttling.units", "2"}),
                HasSubstr("F1 has 1"));
    EXPECT_THAT(refusal({"--throttling.profile", "S3", "--throttling.units", "11"}),
                HasSubstr("S3 up to 10"));
}

}  // namespace
}  // namespace restante::server
