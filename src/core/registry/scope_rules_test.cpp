#include "core/registry/scope_rules.hpp"

#include <gtest/gtest.h>

namespace restante::core {
namespace {

constexpr std::string_view parent = "ms-azure-iot-edge://p-1";
constexpr std::string_view own = "ms-azure-iot-edge://d-7";

const model::DeviceId id = *model::DeviceId::parse("d");

/// What is written, on what, and what becomes of it: "device parent" or the error.
std::string decide(bool edge, std::optional<std::string> device_scope,
                   std::optional<std::string> parent_scope,
                   const model::DeviceIdentity* present = nullptr) {
    const auto scopes = decide_scopes({.id = id,
                                       .iot_edge = edge,
                                       .device_scope = std::move(device_scope),
                                       .parent_scope = std::move(parent_scope)},
                                      present, "7", [](auto scope) { return scope == parent; });
    if (scopes) return scopes->device + " " + scopes->parent;
    return scopes.error().code == ErrorCode::invalid_device_scope ? "invalid scope"
                                                                  : scopes.error().message;
}

const std::string p(parent);
const std::string o(own);
const model::DeviceIdentity leaf{.id = id};
const model::DeviceIdentity child{.id = id, .device_scope = p, .parent_scope = p};
const model::DeviceIdentity edge{.id = id, .iot_edge = true, .device_scope = o};
const model::DeviceIdentity edge_child{
    .id = id, .iot_edge = true, .device_scope = o, .parent_scope = p};
const model::DeviceIdentity orphan{.id = id, .device_scope = "gone", .parent_scope = "gone"};

TEST(ScopeRules, ALeafBelongsToWhomItsDeviceScopeNames) {
    EXPECT_EQ(decide(false, {}, {}), " ");
    EXPECT_EQ(decide(false, p, {}), p + " " + p);
    EXPECT_EQ(decide(false, {}, p), " ") << "parentScopes alone is ignored";
    EXPECT_EQ(decide(false, "", p, &child), " ") << "an empty one detaches";
    EXPECT_EQ(decide(false, {}, {}, &child), " ");
    EXPECT_EQ(decide(false, p, p, &leaf), p + " " + p);
    EXPECT_EQ(decide(false, "gone", {}, &leaf), "invalid scope");
    EXPECT_EQ(decide(false, "gone", {}, &orphan), "gone gone") << "what was there may stay";
}

TEST(ScopeRules, AnEdgeDeviceHasAScopeOfItsOwnThatStays) {
    EXPECT_EQ(decide(true, {}, {}), o + " ");
    EXPECT_EQ(decide(true, "custom", p), o + " " + p);
    EXPECT_EQ(decide(true, o, p, &edge), o + " " + p);
    EXPECT_EQ(decide(true, o, {}, &edge_child), o + " ");
    EXPECT_EQ(decide(true, {}, {}, &edge), "Device scope is immutable");
    EXPECT_EQ(decide(true, "", {}, &edge), "Device scope is immutable");
    EXPECT_EQ(decide(true, "custom", {}, &edge), "Device scope is immutable");
    EXPECT_EQ(decide(true, o, "gone", &edge), "invalid scope");
    EXPECT_EQ(decide(true, o, o, &edge), "invalid scope");
}

TEST(ScopeRules, ADeviceMayBecomeAnEdgeDeviceAndBack) {
    EXPECT_EQ(decide(true, "", {}, &leaf), "ms-azure-iot-edge://d- ");
    EXPECT_EQ(decide(true, p, p, &child), "ms-azure-iot-edge://d- " + p);
    EXPECT_EQ(decide(false, o, p, &edge_child), " ");
}

TEST(ScopeRules, AScopeNamesItsDevice) {
    EXPECT_EQ(device_of_scope("ms-azure-iot-edge://a-b-12")->value(), "a-b");
    EXPECT_EQ(device_of_scope("ms-azure-iot-edge://a-")->value(), "a");
    for (const auto* text : {"", "a-1", "ms-azure-iot-edge://", "ms-azure-iot-edge://a",
                             "ms-azure-iot-edge://-1", "ms-azure-iot-edge://a b-1"}) {
        EXPECT_FALSE(device_of_scope(text)) << text;
    }
}

}  // namespace
}  // namespace restante::core
