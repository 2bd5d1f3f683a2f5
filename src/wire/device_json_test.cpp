#include "wire/device_json.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"

namespace restante::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

model::DeviceId device_id(std::string_view id) {
    return *model::DeviceId::parse(id);
}

std::string key_of(std::size_t bytes) {
    return to_base64(Bytes(bytes, 7));
}

model::DeviceDescription description() {
    model::DeviceDescription device{.identity = {.id = device_id("dev1"), .generation_id = "1"}};
    device.identity.generation_id = "636595531817773533";
    device.identity.version = 791938671;
    device.identity.authentication.symmetric_key = {.primary = "cHJpbWFyeQ==",
                                                    .secondary = "c2Vjb25kYXJ5"};
    return device;
}

Result<model::DeviceDefinition> definition(std::string_view members) {
    return definition_from_json(fmt::format(R"({{"deviceId":"dev1"{}}})", members),
                                device_id("dev1"));
}

std::string refusal(std::string_view members) {
    const auto read = definition(members);
    if (read) return "accepted";
    EXPECT_EQ(read.error().code, ErrorCode::argument_invalid);
    return read.error().message;
}

TEST(DeviceJson, HasTheFieldsAndNullsOfTheService) {
    EXPECT_EQ(
        to_json(description()),
        R"({"deviceId":"dev1","generationId":"636595531817773533","etag":"NzkxOTM4Njcx",)"
        R"("connectionState":"Disconnected","status":"enabled","statusReason":null,)"
        R"("connectionStateUpdatedTime":"0001-01-01T00:00:00",)"
        R"("statusUpdatedTime":"0001-01-01T00:00:00","lastActivityTime":"0001-01-01T00:00:00",)"
        R"("cloudToDeviceMessageCount":0,"authentication":{"symmetricKey":)"
        R"({"primaryKey":"cHJpbWFyeQ==","secondaryKey":"c2Vjb25kYXJ5"},"x509Thumbprint":)"
        R"({"primaryThumbprint":null,"secondaryThumbprint":null},"type":"sas"},)"
        R"("capabilities":{"iotEdge":false},"deviceScope":null,"parentScopes":[]})");
}

TEST(DeviceJson, HasNullKeysForADeviceWithCertificates) {
    auto device = description();
    device.identity.authentication = {.type = model::AuthenticationType::self_signed,
                                      .symmetric_key = {},
                                      .x509_thumbprint = {.primary = "AB", .secondary = {}}};
    EXPECT_THAT(to_json(device), HasSubstr(R"("symmetricKey":{"primaryKey":null,)"
                                           R"("secondaryKey":null},"x509Thumbprint":)"
                                           R"({"primaryThumbprint":"AB",)"
                                           R"("secondaryThumbprint":null},"type":"selfSigned")"));
}

TEST(DeviceJson, WritesTimesWithoutAZoneAndTheScopeOfAnEdgeDevice) {
    auto device = description();
    device.connected = true;
    device.last_activity_at = from_unix_milliseconds(1595686465172);
    device.identity.status = model::DeviceStatus::disabled;
    device.identity.status_reason = "stolen \xC3\xBC";
    device.identity.iot_edge = true;
    device.identity.device_scope = "ms-azure-iot-edge://dev1-636595531817773533";
    device.identity.parent_scope = "ms-azure-iot-edge://p-1";
    device.cloud_to_device_message_count = 3;
    const std::string json = to_json(device);
    EXPECT_THAT(json, HasSubstr(R"("connectionState":"Connected","status":"disabled",)"
                                "\"statusReason\":\"stolen \xC3\xBC\""));
    EXPECT_THAT(json, HasSubstr(R"("lastActivityTime":"2020-07-25T14:14:25.1720000",)"
                                R"("cloudToDeviceMessageCount":3)"));
    EXPECT_THAT(json, HasSubstr(R"("capabilities":{"iotEdge":true},)"
                                R"("deviceScope":"ms-azure-iot-edge://dev1-636595531817773533",)"
                                R"("parentScopes":["ms-azure-iot-edge://p-1"])"));
}

TEST(DeviceJson, OfAListIsAnArray) {
    EXPECT_EQ(to_json(std::span<const model::DeviceDescription>{}), "[]");
    const std::vector two{description(), description()};
    const auto read = devices_from_json(to_json(two));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), 2u);
}

TEST(DeviceDefinition, IsReadFromWhatNodeSends) {
    const auto read = definition_from_json(
        R"({"deviceId":"dev1","status":"enabled","authentication":{"type":"sas","symmetricKey":)"
        R"({"primaryKey":"","secondaryKey":""}},"capabilities":{"iotEdge":false}})",
        device_id("dev1"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, device_id("dev1"));
    EXPECT_EQ(read->status, model::DeviceStatus::enabled);
    EXPECT_EQ(read->authentication, model::AuthenticationMechanism{});
    EXPECT_FALSE(read->iot_edge);
}

TEST(DeviceDefinition, IgnoresWhatOnlyTheHubWrites) {
    auto device = description();
    device.identity.authentication.symmetric_key = {.primary = key_of(16), .secondary = key_of(64)};
    device.identity.status_reason = "why";
    const auto again = definition_from_json(to_json(device), device_id("dev1"));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->authentication, device.identity.authentication);
    EXPECT_EQ(again->status_reason, "why");
}

TEST(DeviceDefinition, ReadsEveryTypeOfAuthentication) {
    const std::string sha1(40, 'a');
    const std::string sha256(64, 'F');
    const auto self_signed = definition(fmt::format(
        R"(,"authentication":{{"type":"selfSigned","symmetricKey":{{"primaryKey":null}},)"
        R"("x509Thumbprint":{{"primaryThumbprint":"{}","secondaryThumbprint":"{}"}}}})",
        sha1, sha256));
    ASSERT_TRUE(self_signed) << self_signed.error().message;
    EXPECT_EQ(self_signed->authentication.type, model::AuthenticationType::self_signed);
    EXPECT_EQ(self_signed->authentication.x509_thumbprint.primary, sha1);
    EXPECT_EQ(self_signed->authentication.x509_thumbprint.secondary, sha256);

    const auto untyped = definition(fmt::format(
        R"(,"authentication":{{"x509Thumbprint":{{"primaryThumbprint":"{}"}}}})", sha1));
    EXPECT_EQ(untyped->authentication.type, model::AuthenticationType::self_signed);

    const auto authority = definition(
        R"(,"authentication":{"type":"certificateAuthority","symmetricKey":{"primaryKey":"x"}})");
    ASSERT_TRUE(authority) << authority.error().message;
    EXPECT_EQ(authority->authentication.type, model::AuthenticationType::certificate_authority);
    EXPECT_TRUE(definition(R"(,"authentication":{"type":"selfSigned"})"))
        << "thumbprints may come later";
    EXPECT_TRUE(definition(R"(,"authentication":null,"capabilities":null,"status":null)"));
}

TEST(DeviceDefinition, RefusesAnUnknownTypeAndLeavesTheRestToTheRegistry) {
    EXPECT_THAT(refusal(R"(,"authentication":{"type":"magic"})"),
                StartsWith("authentication.type must be"));
    EXPECT_EQ(definition(R"(,"authentication":{"type":"none"})")->authentication.type,
              model::AuthenticationType::none);
    EXPECT_EQ(definition(R"(,"statusReason":"")")->status_reason, std::nullopt);
}

TEST(DeviceDefinition, TellsAnAbsentScopeFromAnEmptyOne) {
    EXPECT_EQ(definition("")->device_scope, std::nullopt);
    EXPECT_EQ(definition(R"(,"deviceScope":null)")->device_scope, std::nullopt);
    EXPECT_EQ(definition(R"(,"deviceScope":"")")->device_scope, "");
    EXPECT_EQ(definition(R"(,"deviceScope":"s","parentScopes":[])")->device_scope, "s");
    EXPECT_EQ(definition(R"(,"parentScopes":["p"])")->parent_scope, "p");
    EXPECT_EQ(refusal(R"(,"parentScopes":["p","q"])"), "parentScopes has at most one entry");
    EXPECT_EQ(refusal(R"(,"parentScopes":[1])"), "parentScopes must be an array of strings");
    EXPECT_EQ(refusal(R"(,"parentScopes":"p")"), "parentScopes must be an array");
    EXPECT_EQ(refusal(R"(,"deviceScope":1)"), "deviceScope must be a string");
}

TEST(DeviceDefinition, RefusesAnotherIdThanThePaths) {
    for (const char* body : {R"({})", R"({"deviceId":null})", R"({"deviceId":"DEV1"})",
                             R"({"deviceId":""})", R"({"deviceId":1})"}) {
        const auto read = definition_from_json(body, device_id("dev1"));
        ASSERT_FALSE(read) << body;
        EXPECT_THAT(read.error().message, StartsWith("deviceId")) << body;
    }
}

TEST(DeviceDefinition, RefusesWrongTypesByName) {
    EXPECT_EQ(refusal(R"(,"status":1)"), "status must be a string");
    EXPECT_EQ(refusal(R"(,"status":"asleep")"), "status must be enabled or disabled");
    EXPECT_EQ(refusal(R"(,"authentication":[])"), "authentication must be an object");
    EXPECT_EQ(refusal(R"(,"authentication":{"symmetricKey":{"primaryKey":5}})"),
              "authentication.symmetricKey.primaryKey must be a string");
    EXPECT_EQ(refusal(R"(,"capabilities":{"iotEdge":"yes"})"),
              "capabilities.iotEdge must be true or false");
}

TEST(DeviceDefinition, RefusesWhatIsNoJsonObjectOrBeyondTheBounds) {
    for (const std::string& body :
         {std::string(), std::string("{"), std::string("[]"), std::string("{} {}"),
          std::string(device_json_bytes_max + 1, ' '), std::string(1000, '['),
          std::string("{\"deviceId\":\"\xff\"}")}) {
        const auto read = definition_from_json(body, device_id("dev1"));
        ASSERT_FALSE(read) << body.substr(0, 40);
        EXPECT_EQ(read.error().code, ErrorCode::argument_invalid);
    }
    EXPECT_THAT(definition_from_json(std::string(1000, '['), device_id("d")).error().message,
                HasSubstr("nested deeper"));
}

TEST(ReceivedDevice, IsWhatTheHubWrote) {
    auto device = description();
    device.connected = true;
    device.last_activity_at = from_unix_milliseconds(1595686465172);
    device.identity.status_reason = "why";
    device.identity.iot_edge = true;
    device.identity.device_scope = "ms-azure-iot-edge://dev1-636595531817773533";
    device.cloud_to_device_message_count = 7;
    const auto read = device_from_json(to_json(device));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->description.identity, device.identity);
    EXPECT_TRUE(read->description.connected);
    EXPECT_EQ(read->description.last_activity_at, device.last_activity_at);
    EXPECT_EQ(read->description.connection_state_updated_at, std::nullopt);
    EXPECT_EQ(read->description.cloud_to_device_message_count, 7u);
    EXPECT_EQ(read->etag, "NzkxOTM4Njcx");
}

TEST(ReceivedDevice, KeepsAnOpaqueTagAndAScope) {
    const auto read = device_from_json(
        R"({"deviceId":"d","etag":"AAAAAAAAAAE=","parentScopes":["ms-azure-iot-edge://p-1"],)"
        R"("lastActivityTime":"0001-01-01T00:00:00Z"})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->etag, "AAAAAAAAAAE=");
    EXPECT_EQ(read->description.identity.version, 0u);
    EXPECT_EQ(read->description.identity.parent_scope, "ms-azure-iot-edge://p-1");
}

TEST(ReceivedDevice, KnowsNeverInAnySpelling) {
    for (const char* never : {"0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01t00:00:00",
                              "0001-01-01t00:00:00.5z"}) {
        const std::string body = std::string(R"({"deviceId":"d","statusUpdatedTime":")") + never +
                                 R"(","lastActivityTime":")" + never + R"("})";
        const auto read = device_from_json(body);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->description.identity.status_updated_at, std::nullopt) << never;
        EXPECT_EQ(read->description.last_activity_at, std::nullopt) << never;
    }
}

TEST(ReceivedDevice, IsMalformedWhenItIsNoDevice) {
    for (const char* body :
         {"", "[]", "{}", R"({"deviceId":"a b"})", R"({"deviceId":"d","lastActivityTime":"soon"})",
          R"({"deviceId":"d","cloudToDeviceMessageCount":-1})"}) {
        EXPECT_EQ(device_from_json(body).error().code, ErrorCode::malformed) << body;
        EXPECT_EQ(devices_from_json(body).has_value(), std::string_view(body) == "[]") << body;
    }
}

TEST(DeviceDefinition, OfOurSdkIsReadByOurHub) {
    model::DeviceDefinition device{.id = device_id("dev1")};
    device.status = model::DeviceStatus::disabled;
    device.status_reason = "later";
    device.authentication.symmetric_key = {.primary = key_of(32), .secondary = key_of(32)};
    device.device_scope = "";
    device.parent_scope = "p";
    const auto read = definition_from_json(to_json(device), device.id);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->status, device.status);
    EXPECT_EQ(read->status_reason, device.status_reason);
    EXPECT_EQ(read->authentication, device.authentication);
    EXPECT_EQ(read->device_scope, device.device_scope);
    EXPECT_EQ(read->parent_scope, device.parent_scope);
}

}  // namespace
}  // namespace restante::wire
