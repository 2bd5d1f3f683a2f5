#include "wire/module_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::wire {
namespace {

using testing::HasSubstr;

const model::DeviceId device = *model::DeviceId::parse("d");
const model::ModuleId id = *model::ModuleId::parse("m");

Result<model::ModuleDefinition> read(std::string_view body) {
    return module_from_json(body, device, id);
}

std::string refusal(std::string_view body) {
    const auto module = read(body);
    if (module) return "accepted";
    EXPECT_EQ(module.error().code, ErrorCode::argument_invalid);
    return module.error().message;
}

model::ModuleDescription description() {
    return {.device = device,
            .identity = {.id = id,
                         .generation_id = "638",
                         .version = 7,
                         .managed_by = "iotEdge",
                         .authentication = {.symmetric_key = {.primary = "p", .secondary = "s"}}},
            .connected = true};
}

TEST(ModuleJson, AModuleHasTheMembersOfTheServiceAndNoQueue) {
    EXPECT_EQ(to_json(description()),
              R"({"moduleId":"m","managedBy":"iotEdge","deviceId":"d","generationId":"638",)"
              R"("etag":"Nw==","connectionState":"Connected",)"
              R"("connectionStateUpdatedTime":"0001-01-01T00:00:00",)"
              R"("lastActivityTime":"0001-01-01T00:00:00","cloudToDeviceMessageCount":0,)"
              R"("authentication":{"symmetricKey":{"primaryKey":"p","secondaryKey":"s"},)"
              R"("x509Thumbprint":{"primaryThumbprint":null,"secondaryThumbprint":null},)"
              R"("type":"sas"}})");
}

TEST(ModuleJson, AListIsAnArrayOfThemInOrder) {
    auto other = description();
    other.identity.id = *model::ModuleId::parse("n");
    const std::vector<model::ModuleDescription> both{description(), other};
    EXPECT_EQ(to_json(both), "[" + to_json(both[0]) + "," + to_json(both[1]) + "]");
    EXPECT_EQ(to_json(std::span<const model::ModuleDescription>{}), "[]");
}

TEST(ModuleJson, WhatAClientWritesIsReadAndTheRestIgnored) {
    const auto module = read(R"({"deviceId":"d","moduleId":"m","managedBy":"iotEdge",)"
                             R"("generationId":"1","etag":"x","authentication":)"
                             R"({"type":"sas","symmetricKey":{"primaryKey":"p",)"
                             R"("secondaryKey":"s"}}})");
    ASSERT_TRUE(module);
    EXPECT_EQ(module->id, id);
    EXPECT_EQ(module->device, device);
    EXPECT_EQ(module->managed_by, "iotEdge");
    EXPECT_EQ(module->authentication.symmetric_key.primary, "p");
    const auto bare = read(R"({"moduleId":"m"})");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->managed_by, std::nullopt);
    EXPECT_EQ(bare->authentication.symmetric_key, model::SymmetricKey{});
}

TEST(ModuleJson, ABodyForAnotherModuleOrOfAnotherShapeIsRefused) {
    EXPECT_THAT(refusal(R"({"deviceId":"e","moduleId":"m"})"), HasSubstr("deviceId in the body"));
    EXPECT_THAT(refusal(R"({"moduleId":"n"})"), HasSubstr("moduleId in the body"));
    EXPECT_THAT(refusal("{}"), HasSubstr("moduleId in the body must be there"));
    EXPECT_THAT(refusal("[]"), HasSubstr("must be a JSON object"));
    EXPECT_THAT(refusal(R"({"moduleId":"m","managedBy":1})"), HasSubstr("managedBy"));
    EXPECT_NE(refusal("{"), "accepted");
}

}  // namespace
}  // namespace restante::wire
