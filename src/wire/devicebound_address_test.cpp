#include "wire/devicebound_address.hpp"

#include <gtest/gtest.h>

namespace restante::wire {
namespace {

model::DeviceId device(std::string_view id) {
    return *model::DeviceId::parse(id);
}

DeviceTarget target(std::string_view id) {
    return {.id = device(id), .raw_id = {}, .module_id = {}};
}

TEST(LinkAddress, IsKnownInEverySpellingOfTheServiceClients) {
    for (const char* address :
         {"/messages/devicebound", "messages/devicebound", "amqps://localhost/messages/devicebound",
          "amqps://hub.example:5671/messages/deviceBound", "/messages/DeviceBound/"}) {
        EXPECT_EQ(parse_link_address(address), LinkAddress{ServiceDevicebound{}}) << address;
    }
    for (const char* address :
         {"/messages/serviceBound/feedback", "/messages/servicebound/feedback",
          "amqps://localhost/messages/servicebound/feedback",
          "amqps://localhost:5671/messages/serviceBound/feedback"}) {
        EXPECT_EQ(parse_link_address(address), LinkAddress{ServiceboundFeedback{}}) << address;
    }
    for (const char* address : {"/messages/serviceBound/filenotifications",
                                "/messages/servicebound/fileuploadnotifications"}) {
        EXPECT_EQ(parse_link_address(address), LinkAddress{ServiceboundFileNotifications{}})
            << address;
    }
    EXPECT_EQ(parse_link_address("$cbs"), LinkAddress{Cbs{}});
}

TEST(LinkAddress, IsKnownInEverySpellingOfTheDeviceClients) {
    for (const char* address :
         {"/devices/d1/messages/devicebound", "devices/d1/messages/devicebound",
          "amqps://localhost:5671/devices/d1/messages/deviceBound"}) {
        EXPECT_EQ(parse_link_address(address), LinkAddress{DeviceDevicebound{target("d1")}})
            << address;
    }
    EXPECT_EQ(parse_link_address("amqps://h/devices/d1/messages/events"),
              LinkAddress{DeviceEvents{target("d1")}});
    EXPECT_EQ(parse_link_address("/devices/d1/methods/devicebound"),
              LinkAddress{DeviceMethods{target("d1")}});
    EXPECT_EQ(parse_link_address("/devices/d1/twin"), LinkAddress{DeviceTwin{target("d1")}});
    auto module = target("d1");
    module.module_id = "m1";
    EXPECT_EQ(parse_link_address("/devices/d1/modules/m1/messages/devicebound"),
              LinkAddress{DeviceDevicebound{module}});
    EXPECT_EQ(parse_link_address("/devices/d1/modules/m1/twin"), LinkAddress{DeviceTwin{module}});
}

TEST(LinkAddress, IsUnknownOtherwise) {
    for (const char* address :
         {"", "/", "amqps://localhost", "/messages", "/messages/events", "/devices", "/devices/d1",
          "/devices//messages/devicebound", "/devices/a b/messages/devicebound",
          "/devices/d1/messages/devicebound/more", "/devices/d1/modules/m1/a/b/c",
          "//messages/devicebound", "/devices/d1/modules/m 1/messages/devicebound"}) {
        EXPECT_EQ(parse_link_address(address), LinkAddress{UnknownAddress{}}) << address;
    }
}

TEST(MessageTo, NamesADeviceInEverySpelling) {
    for (const char* to : {"/devices/d1/messages/devicebound", "/devices/d1/messages/deviceBound",
                           "/Devices/d1/Messages/DeviceBound", "devices/d1/messages/devicebound",
                           "amqps://hub:5671/devices/d1/messages/devicebound"}) {
        const auto read = parse_to(to);
        ASSERT_TRUE(read) << to;
        EXPECT_EQ(*read, target("d1")) << to;
    }
}

TEST(MessageTo, OffersTheIdDecodedAndAsWritten) {
    const auto encoded = parse_to("/devices/dev%231%25a/messages/devicebound");
    ASSERT_TRUE(encoded);
    EXPECT_EQ(encoded->id.value(), "dev#1%a");
    EXPECT_EQ(encoded->raw_id, device("dev%231%25a"));

    const auto raw = parse_to("/devices/dev#1+x/messages/devicebound");
    ASSERT_TRUE(raw);
    EXPECT_EQ(raw->id.value(), "dev#1+x") << "a plus is no space";
    EXPECT_EQ(raw->raw_id, std::nullopt);

    const auto only_raw = parse_to("/devices/a%2Fb/messages/devicebound");
    ASSERT_TRUE(only_raw);
    EXPECT_EQ(only_raw->id.value(), "a%2Fb") << "the decoded text is no device id";
    EXPECT_EQ(only_raw->raw_id, std::nullopt);
}

TEST(MessageTo, MayNameAModule) {
    const auto read = parse_to("/devices/d1/modules/%24edgeAgent/messages/deviceBound");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->module_id, "$edgeAgent");
}

TEST(MessageTo, IsRefusedWithTheServicesTextWhenItNamesNoDevice) {
    for (const char* to : {"", "d1", "/devices/d1", "/messages/devicebound",
                           "/devices/d1/messages/events", "/devices/d1/messages/devicebound/x"}) {
        const auto read = parse_to(to);
        ASSERT_FALSE(read) << to;
        EXPECT_EQ(read.error().code, ErrorCode::invalid_operation) << to;
        EXPECT_EQ(read.error().message,
                  "Amqp Message.Properties.To must contain the device identifier");
    }
    EXPECT_EQ(parse_to("/devices/a b/messages/devicebound").error().code,
              ErrorCode::argument_invalid);
}

TEST(MessageTo, IsWrittenAsPythonWritesIt) {
    EXPECT_EQ(devicebound_to(device("dev#1")), "/devices/dev#1/messages/devicebound");
}

}  // namespace
}  // namespace restante::wire
