#include "wire/topic.hpp"

#include <gtest/gtest.h>

namespace restante::wire {
namespace {

model::DeviceId device(std::string_view id) {
    return *model::DeviceId::parse(id);
}

TEST(DeviceboundTopic, IsSpelledAsTheServiceSpellsIt) {
    model::CloudToDeviceMessage message;
    message.message_id = "message1";
    message.to = "/devices/Device-1/messages/deviceBound";
    message.properties = {{"prop1", "test property-2"}, {"testProperty", "Test message"}};
    EXPECT_EQ(*devicebound_topic(device("Device-1"), message),
              "devices/Device-1/messages/devicebound/%24.mid=message1"
              "&%24.to=%2Fdevices%2FDevice-1%2Fmessages%2FdeviceBound"
              "&prop1=test%20property-2&testProperty=Test%20message");
}

TEST(DeviceboundTopic, IsRefusedFromOneByteBeyondWhatMqttCanSay) {
    model::CloudToDeviceMessage message;
    message.to = "t";
    const std::string_view before = "devices/d/messages/devicebound/%24.to=t&k=";
    message.properties = {{"k", std::string(topic_bytes_max - before.size(), 'v')}};
    EXPECT_EQ(devicebound_topic(device("d"), message)->size(), topic_bytes_max);
    message.properties[0].second += 'v';
    EXPECT_EQ(devicebound_topic(device("d"), message).error().code, ErrorCode::message_too_large);
}

TEST(DeviceboundFilter, IsMatchedWithAndWithoutItsLastLevel) {
    EXPECT_EQ(devicebound_filter(device("d1")), "devices/d1/messages/devicebound/#");
    for (const char* filter :
         {"devices/d1/messages/devicebound/#", "devices/d1/messages/devicebound/",
          "devices/d1/messages/devicebound"}) {
        EXPECT_TRUE(match_devicebound_filter(device("d1"), filter)) << filter;
    }
    for (const char* filter :
         {"", "#", "devices/d1/messages/#", "devices/d2/messages/devicebound/#",
          "devices/D1/messages/devicebound/#", "devices/+/messages/devicebound/#",
          "devices/d1/messages/deviceboundx", "devices/d1/messages/devicebound/+",
          "devices/d1/modules/m/messages/devicebound/#"}) {
        EXPECT_FALSE(match_devicebound_filter(device("d1"), filter)) << filter;
    }
}

TEST(ModuleFilter, MeansTheModulesOwn) {
    const auto matches = [](std::string_view filter) {
        return match_module_filter(device("d1"), *model::ModuleId::parse("m"), filter);
    };
    for (const char* filter : {"devices/d1/modules/m/#", "devices/d1/modules/m/inputs/#",
                               "devices/d1/modules/m/messages/devicebound/#"}) {
        EXPECT_TRUE(matches(filter)) << filter;
    }
    for (const char* filter :
         {"", "#", "devices/d1/messages/devicebound/#", "devices/d1/modules/#",
          "devices/d1/modules/m2/#", "devices/d1/modules/+/#", "devices/d2/modules/m/#",
          "devices/d1/modules/m", "devices/d1/modules/m/inputs/x", "devices/d1/modules/M/#"}) {
        EXPECT_FALSE(matches(filter)) << filter;
    }
}

TEST(DeviceboundBag, IsWhatFollowsTheDevicesOwnTopic) {
    EXPECT_EQ(devicebound_bag(device("d1"), "devices/d1/messages/devicebound/%24.to=x"),
              "%24.to=x");
    EXPECT_EQ(devicebound_bag(device("d1"), "devices/d1/messages/devicebound"), "");
    EXPECT_EQ(devicebound_bag(device("d1"), "devices/d2/messages/devicebound/a=b"), std::nullopt);
    EXPECT_EQ(devicebound_bag(device("d1"), "devices/d1/messages/deviceboundx"), std::nullopt);
    EXPECT_EQ(devicebound_bag(device("d1"), "$iothub/methods/POST/x/?$rid=1"), std::nullopt);
}

TEST(TelemetryTopic, IsKnownWithEveryEndingOfTheSdks) {
    const TelemetryTopic bare{.device_id = "d1", .module_id = {}, .bag = ""};
    EXPECT_EQ(parse_telemetry_topic("devices/d1/messages/events"), bare);
    EXPECT_EQ(parse_telemetry_topic("devices/d1/messages/events/"), bare);
    const TelemetryTopic full{.device_id = "d1", .module_id = {}, .bag = "%24.mid=m1&a%20b=c%2Fd"};
    EXPECT_EQ(parse_telemetry_topic("devices/d1/messages/events/%24.mid=m1&a%20b=c%2Fd"), full);
    EXPECT_EQ(parse_telemetry_topic("devices/d1/messages/events/%24.mid=m1&a%20b=c%2Fd/"), full);
    const TelemetryTopic module{.device_id = "d1", .module_id = "m", .bag = "k=a/b"};
    EXPECT_EQ(parse_telemetry_topic("devices/d1/modules/m/messages/events/k=a/b/"), module);
}

TEST(TelemetryTopic, ThatADeviceWritesIsReadBack) {
    DeviceProperties properties;
    properties.properties = {{"k", "a/b"}};
    const auto topic = telemetry_topic(device("d1"), std::nullopt, properties);
    ASSERT_TRUE(topic);
    EXPECT_EQ(parse_telemetry_topic(*topic),
              (TelemetryTopic{.device_id = "d1", .module_id = {}, .bag = "k=a%2Fb"}));
    properties.properties[0].second = std::string(topic_bytes_max, 'x');
    EXPECT_EQ(telemetry_topic(device("d1"), std::nullopt, properties).error().code,
              ErrorCode::message_too_large);
}

TEST(TelemetryTopic, IsNoOther) {
    for (const char* topic :
         {"", "devices/d1/messages/devicebound/x", "devices/d1/messages/eventsx",
          "devices//messages/events/", "devices/d1/modules//messages/events", "devices/d1",
          "$iothub/twin/GET/?$rid=1", "Devices/d1/messages/events/"}) {
        EXPECT_EQ(parse_telemetry_topic(topic), std::nullopt) << topic;
    }
}

TEST(MqttUsername, ReadsWhatThePythonClientSends) {
    const auto read = MqttUsername::parse(
        "localhost/Device-1/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py"
        "%2F2.14.0%283.11.2%3BLinux%20%231%20SMP%20PREEMPT_DYNAMIC%20%400%3Bx86_64%29");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->host, "localhost");
    EXPECT_EQ(read->device_id.value(), "Device-1");
    EXPECT_EQ(read->module_id, std::nullopt);
    EXPECT_EQ(read->api_version, "2019-10-01");
    EXPECT_EQ(read->client_type,
              "azure-iot-device-iothub-py/2.14.0(3.11.2;Linux #1 SMP PREEMPT_DYNAMIC @0;x86_64)");
    EXPECT_EQ(read->model_id, std::nullopt);
}

TEST(MqttUsername, ReadsWhatTheNodeClientSends) {
    const auto read = MqttUsername::parse(
        "localhost:18883/dev-1/?api-version=2021-04-12&model-id=dtmi:com:x;1"
        "&DeviceClientType=azure-iot-device%2F1.18.4%20(node%20v20.20.2%3B%20x64)");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->host, "localhost:18883");
    EXPECT_EQ(read->model_id, "dtmi:com:x;1");
    EXPECT_EQ(read->client_type, "azure-iot-device/1.18.4 (node v20.20.2; x64)");
}

TEST(MqttUsername, ReadsTheFormsWithoutAQuery) {
    for (const char* text : {"h/d", "h/d/", "h/d/?", "h/d/?api-version=1", "h/d/api-version=1"}) {
        const auto read = MqttUsername::parse(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->device_id.value(), "d") << text;
        EXPECT_EQ(read->module_id, std::nullopt) << text;
        EXPECT_EQ(read->api_version, std::string_view(text).ends_with('1') ? "1" : "") << text;
    }
    for (const char* text :
         {"h/d/m", "h/d/m/", "h/d/m/?api-version=1", "h/d/m/api-version=1&DeviceClientType=a/b"}) {
        const auto read = MqttUsername::parse(text);
        ASSERT_TRUE(read) << text;
        ASSERT_TRUE(read->module_id) << text;
        EXPECT_EQ(read->module_id->value(), "m") << text;
    }
}

TEST(MqttUsername, TakesIdsAsTheyAre) {
    const auto read = MqttUsername::parse("h/a%20?=b/?api-version=1");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->device_id.value(), "a%20?=b");
}

TEST(MqttUsername, IsRefusedWithoutHostOrDevice) {
    for (const char* text : {"", "h", "h/", "/d", "h//?api-version=1", "h/a b/", "h/d/m m/?x"}) {
        EXPECT_EQ(MqttUsername::parse(text).error().code, ErrorCode::argument_invalid) << text;
    }
}

TEST(MqttUsername, OfOurSdkIsReadBack) {
    const std::string text =
        mqtt_username("hub.example", device("d#1"), std::nullopt, "restante/1 (C++; a&b)");
    EXPECT_EQ(text,
              "hub.example/d#1/?api-version=2021-04-12"
              "&DeviceClientType=restante%2F1%20%28C%2B%2B%3B%20a%26b%29");
    const auto read = MqttUsername::parse(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->client_type, "restante/1 (C++; a&b)");
}

}  // namespace
}  // namespace restante::wire
