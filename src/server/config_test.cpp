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

TEST(Config, VariablesOfTheClientLibrariesAreNoMistake) {
    const Variable ca("RESTANTE_CA_FILE", "/tmp/ca.pem");
    EXPECT_EQ(parse({}).mqtt_port, 8883);
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

}  // namespace
}  // namespace restante::server
