#include "wire/key_rotation_json.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace restante::wire {
namespace {

using model::WhichKeys;
using testing::HasSubstr;

Result<RotationRequest> read(std::string_view which, std::string_view devices) {
    return rotation_from_json(fmt::format(R"({{"policyKey":"{}","devices":{}}})", which, devices));
}

TEST(KeyRotationJson, SaysWhichKeysAndOfWhom) {
    const auto request = read("primaryKey", R"([{"id":"a"},{"id":"b","moduleId":"m"}])");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->rotation.which, WhichKeys::primary);
    ASSERT_EQ(request->rotation.places.size(), 2u);
    EXPECT_EQ(request->rotation.places[0].device.value(), "a");
    EXPECT_EQ(request->rotation.places[0].module, std::nullopt);
    EXPECT_EQ(request->rotation.places[1].module->value(), "m");
    EXPECT_TRUE(request->failures.empty());
    EXPECT_EQ(read("SecondaryKey", R"([{"id":"a"}])")->rotation.which, WhichKeys::secondary);
    EXPECT_EQ(read("both", R"([{"id":"a"}])")->rotation.which, WhichKeys::both);
}

TEST(KeyRotationJson, ARequestThatIsNoneIsRefusedWhole) {
    const auto code = [](std::string_view which, std::string_view devices) {
        return read(which, devices).error().code;
    };
    EXPECT_EQ(code("all", R"([{"id":"a"}])"), ErrorCode::invalid_policy_key);
    for (const char* devices : {"[]", "null", "1", "[1]", "[{}]", R"([{"id":1}])", R"([{"id":""}])",
                                R"([{"id":"a","moduleId":1}])"}) {
        EXPECT_EQ(code("both", devices), ErrorCode::argument_invalid) << devices;
    }
    for (const char* body : {"", "[]", "{"}) {
        EXPECT_EQ(rotation_from_json(body).error().code, ErrorCode::argument_invalid) << body;
    }
    EXPECT_EQ(rotation_from_json(R"({"devices":[{"id":"a"}]})").error().code,
              ErrorCode::invalid_policy_key);
    EXPECT_EQ(
        read("both", R"([{"id":"a"},{"id":"a","moduleId":"m"},{"id":"a"}])").error(),
        Error(ErrorCode::device_defined_multiple_times, "DeviceDefinedMultipleTimes, device ID a"));
    std::string many;
    for (int i = 0; i < 101; ++i) many += fmt::format("{}{{\"id\":\"{}\"}}", i > 0 ? "," : "", i);
    EXPECT_EQ(code("both", "[" + many + "]"), ErrorCode::too_many_devices);
}

TEST(KeyRotationJson, AnIdThatIsNoneIsThatPlacesOwnFault) {
    const auto request = read("both", R"([{"id":"a b"},{"id":"c","moduleId":"m m"},{"id":"d"}])");
    ASSERT_TRUE(request);
    ASSERT_EQ(request->rotation.places.size(), 1u);
    EXPECT_EQ(request->rotation.places[0].device.value(), "d");
    ASSERT_EQ(request->failures.size(), 2u);
    EXPECT_EQ(request->failures[0].device_id, "a b");
    EXPECT_EQ(request->failures[1].module_id, "m m");
}

TEST(KeyRotationJson, TheResultHasTheNewKeysAndWhatFailed) {
    const std::vector<RotatedKeys> rotated{
        {.device_id = "a", .module_id = "", .keys = {.primary = "p", .secondary = "s"}},
        {.device_id = "a", .module_id = "m", .keys = {.primary = "q", .secondary = "t"}}};
    const std::vector<BulkFailure> failures{
        {.device_id = "b\xFF", .module_id = "", .error = Error(ErrorCode::device_not_found, "b")}};
    EXPECT_EQ(rotation_result_json(WhichKeys::secondary, rotated, failures),
              R"({"policyKey":"secondaryKey","rotatedKeys":[)"
              R"({"id":"a","moduleId":null,"primaryKey":"p","secondaryKey":"s"},)"
              R"({"id":"a","moduleId":"m","primaryKey":"q","secondaryKey":"t"}],)"
              R"("errors":[{"id":"b?","moduleId":null,"errorCode":"DeviceNotFound",)"
              R"("errorStatus":"b"}]})");
    EXPECT_THAT(rotation_result_json(WhichKeys::both, {}, {}),
                HasSubstr(R"({"policyKey":"both","rotatedKeys":[],"errors":[]})"));
}

}  // namespace
}  // namespace restante::wire
