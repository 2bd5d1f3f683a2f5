// What a query can ask of a device and of a module.

#include "core/query/fields.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/query/query.hpp"

namespace restante::core::query {
namespace {

using model::AuthenticationType;

const Observe observe = [](const auto&) {
    return Activity{.connected = true,
                    .last_activity_at = WallTime{Milliseconds{1'500}},
                    .cloud_to_device_message_count = 3};
};

class QueryFieldsTest : public testing::Test {
  protected:
    bool holds(std::string_view condition, const model::ModuleIdentity* with = nullptr) const {
        const auto query = parse(fmt::format("SELECT * FROM devices WHERE {}", condition));
        if (!query) {
            ADD_FAILURE() << query.error().message;
            return false;
        }
        const Row row{.device = device, .module = with, .observe = observe};
        return evaluate(*query->where, row).is_true();
    }

    model::DeviceIdentity device{.id = *model::DeviceId::parse("d"), .version = 7};
    model::ModuleIdentity module{.id = *model::ModuleId::parse("m"), .version = 8};
};

TEST_F(QueryFieldsTest, ADeviceIsSeenAsItsTwin) {
    device.status = model::DeviceStatus::disabled;
    device.status_reason = "stolen";
    device.status_updated_at = WallTime{Milliseconds{0}};
    device.iot_edge = true;
    device.device_scope = "scope";
    for (const char* condition :
         {"etag = 'AAAAAAAAAAE='", "deviceEtag = 'Nw=='", "status = 'disabled'",
          "statusReason = 'stolen'", "statusUpdateTime = '1970-01-01T00:00:00.0000000Z'",
          "lastActivityTime = '1970-01-01T00:00:01.5000000Z'", "version = 2", "modelId = ''",
          "deviceScope = 'scope'", "is_object(capabilities)", "capabilities.iotEdge = true",
          "is_object(x509Thumbprint)", "is_null(x509Thumbprint.primaryThumbprint)"}) {
        EXPECT_TRUE(holds(condition)) << condition;
    }
}

TEST_F(QueryFieldsTest, WhatADeviceHasNotIsNullOrUndefinedAsTheServiceHasIt) {
    for (const char* condition :
         {"is_null(statusReason)", "statusUpdateTime = '0001-01-01T00:00:00Z'",
          "NOT is_defined(deviceScope)", "NOT is_defined(parentScopes)",
          "NOT is_defined(moduleId)"}) {
        EXPECT_TRUE(holds(condition)) << condition;
    }
}

TEST_F(QueryFieldsTest, TheKindOfAuthenticationHasTheWordOfTheRegistry) {
    for (const auto& [type, word] :
         {std::pair{AuthenticationType::sas, "sas"},
          {AuthenticationType::self_signed, "selfSigned"},
          {AuthenticationType::certificate_authority, "certificateAuthority"},
          {AuthenticationType::none, "none"}}) {
        device.authentication.type = type;
        EXPECT_TRUE(holds(fmt::format("authenticationType = '{}'", word))) << word;
    }
}

TEST_F(QueryFieldsTest, AModuleHasItsOwnIdTagAndProofAndItsDevicesStatus) {
    device.status = model::DeviceStatus::disabled;
    module.authentication = {.type = AuthenticationType::self_signed,
                             .x509_thumbprint = {.primary = "AB", .secondary = "CD"}};
    for (const char* condition :
         {"deviceId = 'd'", "moduleId = 'm'", "deviceEtag = 'OA=='", "status = 'disabled'",
          "authenticationType = 'selfSigned'", "x509Thumbprint.primaryThumbprint = 'AB'",
          "x509Thumbprint.secondaryThumbprint = 'CD'", "connectionState = 'Disconnected'",
          "cloudToDeviceMessageCount = 0", "lastActivityTime = '0001-01-01T00:00:00Z'"}) {
        EXPECT_TRUE(holds(condition, &module)) << condition;
    }
}

}  // namespace
}  // namespace restante::core::query
