#include "wire/query_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::wire {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(QueryJson, AQueryIsReadAsItIsWritten) {
    constexpr std::string_view text = "SELECT * FROM devices WHERE deviceId = \"ü\"";
    EXPECT_EQ(query_from_json(query_to_json(text)), std::string(text));
}

TEST(QueryJson, ABodyWithoutAQueryIsRefused) {
    for (const char* body : {"", "[]", "1", R"({"query":1})", R"({"query":["x"]})"}) {
        EXPECT_EQ(query_from_json(body).error().code, ErrorCode::argument_invalid) << body;
    }
    for (const char* body : {"{}", R"({"query":""})", R"({"query":null})"}) {
        EXPECT_EQ(query_from_json(body).error().code, ErrorCode::argument_null) << body;
    }
    EXPECT_FALSE(query_from_json(query_to_json(std::string(query_json_bytes_max, 'x'))));
}

TEST(QueryJson, ADeviceIsShownAsAnEmptyTwin) {
    model::DeviceDescription device{.identity = {.id = *model::DeviceId::parse("d"), .version = 7}};
    constexpr std::string_view section =
        R"({"$metadata":{"$lastUpdated":"0001-01-01T00:00:00Z"},"$version":1})";
    EXPECT_EQ(
        twin_json(device),
        std::string(R"({"deviceId":"d","etag":"AAAAAAAAAAE=","deviceEtag":"Nw==",)"
                    R"("status":"enabled","statusReason":null,)"
                    R"("statusUpdateTime":"0001-01-01T00:00:00Z","connectionState":"Disconnected",)"
                    R"("lastActivityTime":"0001-01-01T00:00:00Z","cloudToDeviceMessageCount":0,)"
                    R"("authenticationType":"sas","x509Thumbprint":{"primaryThumbprint":null,)"
                    R"("secondaryThumbprint":null},"modelId":"","version":2,"tags":{},)"
                    R"("properties":{"desired":)") +
            std::string(section) + R"(,"reported":)" + std::string(section) +
            R"(},"capabilities":{"iotEdge":false}})");
}

TEST(QueryJson, ATwinHasScopesOnlyWhereThereAreSome) {
    model::DeviceDescription device{.identity = {.id = *model::DeviceId::parse("d")}};
    EXPECT_THAT(twin_json(device), Not(HasSubstr("Scope")));
    device.identity.status = model::DeviceStatus::disabled;
    device.identity.status_reason = "stolen";
    device.identity.device_scope = "ms-azure-iot-edge://d-1";
    device.identity.parent_scope = "ms-azure-iot-edge://up-1";
    device.last_activity_at = WallTime{Milliseconds{1'500}};
    device.cloud_to_device_message_count = 3;
    for (const char* part :
         {R"("status":"disabled","statusReason":"stolen")",
          R"("lastActivityTime":"1970-01-01T00:00:01.5)", R"("cloudToDeviceMessageCount":3)",
          R"("deviceScope":"ms-azure-iot-edge://d-1")",
          R"("parentScopes":["ms-azure-iot-edge://up-1"])"}) {
        EXPECT_THAT(twin_json(device), HasSubstr(part));
    }
}

TEST(QueryJson, AModulesTwinNamesItsDeviceAndHasItsStatus) {
    model::ModuleDescription module{
        .device = *model::DeviceId::parse("d"),
        .device_status = model::DeviceStatus::disabled,
        .identity = {.id = *model::ModuleId::parse("m"),
                     .version = 8,
                     .authentication = {.type = model::AuthenticationType::self_signed,
                                        .x509_thumbprint = {.primary = "AB"}}},
        .connected = true};
    const auto twin = twin_json(module, true);
    for (const char* part :
         {R"({"deviceId":"d","moduleId":"m",)", R"("deviceEtag":"OA==","status":"disabled")",
          R"("connectionState":"Connected")", R"("authenticationType":"selfSigned")",
          R"("primaryThumbprint":"AB","secondaryThumbprint":null)",
          R"("cloudToDeviceMessageCount":0)", R"("capabilities":{"iotEdge":true})"}) {
        EXPECT_THAT(twin, HasSubstr(part));
    }
}

}  // namespace
}  // namespace restante::wire
