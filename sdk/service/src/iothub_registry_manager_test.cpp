#include "restante/service/iothub_registry_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace restante {
namespace {

constexpr const char* login =
    "HostName=hub.localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=MDEyMzQ1Njc4OWFiY2RlZg="
    "=";

std::string refusal(const std::string& connection_string, ServiceOptions options = {}) {
    try {
        IoTHubRegistryManager::from_connection_string(connection_string, std::move(options));
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "accepted";
}

/// Port 1 of loopback: nobody listens there.
IoTHubRegistryManager without_a_hub() {
    ServiceOptions options;
    options.amqp_port = 1;
    options.https_port = 1;
    return IoTHubRegistryManager::from_connection_string(login, options);
}

TEST(IoTHubRegistryManager, RefusesConnectionStringsWithPythonsWords) {
    EXPECT_THAT(refusal("nonsense"), testing::StartsWith("Invalid Connection String"));
    EXPECT_THAT(refusal("HostName=h;SharedAccessKeyName=p"),
                testing::StartsWith("Invalid Connection String - Incomplete"));
    EXPECT_THAT(
        refusal("HostName=h;SharedAccessKeyName=p;SharedAccessKey=secret!"),
        testing::AllOf(testing::HasSubstr("base64"), testing::Not(testing::HasSubstr("secret!"))));
}

TEST(IoTHubRegistryManager, NamesTheVariableThatIsNoPort) {
    setenv("RESTANTE_AMQP_PORT", "many", 1);
    EXPECT_THAT(refusal(login), testing::HasSubstr("RESTANTE_AMQP_PORT"));
    unsetenv("RESTANTE_AMQP_PORT");
}

TEST(IoTHubRegistryManager, NamesTheCaFileItCannotRead) {
    setenv("RESTANTE_CA_FILE", "/nowhere/ca.pem", 1);
    EXPECT_THAT(refusal(login), testing::HasSubstr("/nowhere/ca.pem"));
    unsetenv("RESTANTE_CA_FILE");
}

TEST(IoTHubRegistryManager, ASendWithoutAHubFailsAtOnceAndMayBeTriedAgain) {
    auto manager = without_a_hub();
    for (int i = 0; i < 2; ++i) {
        try {
            manager.send_c2d_message("d", "hello");
            FAIL() << "sent";
        } catch (const IoTHubError& error) {
            EXPECT_EQ(error.name(), "ConnectionFailed");
            EXPECT_EQ(error.code(), 0);
            EXPECT_TRUE(error.retryable());
        }
    }
}

TEST(IoTHubRegistryManager, ARegistryCallWithoutAHubFailsAtOnce) {
    auto manager = without_a_hub();
    try {
        manager.get_device("d");
        FAIL() << "answered";
    } catch (const IoTHubError& error) {
        EXPECT_EQ(error.name(), "ConnectionFailed");
        EXPECT_THAT(error.what(), testing::HasSubstr("hub.localhost"));
    }
}

TEST(IoTHubRegistryManager, RefusesWhatCannotBeSentBeforeItConnects) {
    auto manager = without_a_hub();
    EXPECT_THROW(manager.send_c2d_message("a/b", "hello"), std::invalid_argument);
    EXPECT_THROW(manager.send_c2d_message("d", "hello", {{"expiryTimeUtc", "soon"}}),
                 std::invalid_argument);
    EXPECT_THROW(manager.send_c2d_message("d", "hello", {{"iothub-ack", "maybe"}}),
                 std::invalid_argument);
    EXPECT_THROW(manager.create_device_with_sas("d", "", "", "asleep"), std::invalid_argument);
    EXPECT_THROW(manager.update_device_with_sas("a/b", "", "", "", "enabled"),
                 std::invalid_argument);
    EXPECT_THROW(manager.create_device_with_certificate_authority("d", "enabled", false, "", "",
                                                                  {"one", "two"}),
                 std::invalid_argument);
    EXPECT_THROW(manager.get_module("d", "a/b"), std::invalid_argument);
    EXPECT_THROW(manager.delete_module("", "m"), std::invalid_argument);
}

TEST(MessageProperties, KeepOneValueForEachNameInTheOrderTheyWereFirstSet) {
    MessageProperties properties{{"a", "1"}, {"b", 2}, {"c", true}};
    properties.set("a", "3");
    ASSERT_EQ(properties.entries().size(), 3u);
    EXPECT_EQ(std::get<std::string>(properties.entries()[0].second), "3");
    EXPECT_EQ(std::get<std::int64_t>(properties.entries()[1].second), 2);
    EXPECT_EQ(std::get<bool>(properties.entries()[2].second), true);
}

}  // namespace
}  // namespace restante
