#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/hub_state.hpp"
#include "model/limits.hpp"
#include "support/manual_clock.hpp"

namespace restante::core {
namespace {

using namespace std::chrono_literals;
using Kind = WriteCondition::Kind;
using testing::ElementsAre;

model::DeviceId device_id(std::string_view text) {
    return *model::DeviceId::parse(text);
}
model::ModuleId module_id(std::string_view text) {
    return *model::ModuleId::parse(text);
}

class HubStateRegistryTest : public testing::Test {
  protected:
    Result<model::DeviceIdentity> put(model::DeviceDefinition definition,
                                      WriteCondition condition = {}) {
        return state.put_device(std::move(definition), condition, fresh, clock.now(), changes);
    }
    Result<model::DeviceIdentity> put(std::string_view id) {
        return put(model::DeviceDefinition{.id = device_id(id)});
    }
    Result<model::ModuleIdentity> put_module(std::string_view device, std::string_view module,
                                             WriteCondition condition = {}) {
        return state.put_module({.device = device_id(device), .id = module_id(module)}, condition,
                                fresh, clock.now(), changes);
    }
    Result<void> delete_module(std::string_view device, std::string_view module,
                               std::optional<std::uint64_t> expected = std::nullopt) {
        return state.delete_module(device_id(device), module_id(module), expected, changes);
    }
    std::vector<std::string> modules(std::string_view device) {
        std::vector<std::string> ids;
        for (const auto& m : state.modules(device_id(device))) ids.push_back(m.id.value());
        return ids;
    }
    /// Devices, enabled ones, modules.
    std::vector<std::size_t> counts() {
        return {state.counts().devices, state.counts().enabled, state.counts().modules};
    }

    test::ManualClock clock;
    ChangeSet changes;
    FreshKeys fresh{.primary = "fresh-1", .secondary = "fresh-2"};
    HubState state{HubRules(), 7};
};

TEST_F(HubStateRegistryTest, AnUpdateWithoutKeysMakesNewOnes) {
    ASSERT_TRUE(put("d"));
    fresh = {.primary = "newer-1", .secondary = "newer-2"};
    const auto updated = put({.id = device_id("d")}, {.kind = Kind::update_any});
    EXPECT_EQ(updated->authentication.symmetric_key.primary, "newer-1");
}

TEST_F(HubStateRegistryTest, TheStatusKnowsWhenItChanged) {
    EXPECT_EQ(put("d")->status_updated_at, std::nullopt);
    clock.advance(1s);
    const auto same = put({.id = device_id("d")}, {.kind = Kind::update_any});
    EXPECT_EQ(same->status_updated_at, std::nullopt);
    const auto disabled = put({.id = device_id("d"), .status = model::DeviceStatus::disabled},
                              {.kind = Kind::update_any});
    EXPECT_EQ(disabled->status_updated_at, clock.now().wall);
}

TEST_F(HubStateRegistryTest, AChildNamesItsParentByTheScopeOfALivingEdgeDevice) {
    const auto edge = put({.id = device_id("edge"), .iot_edge = true});
    EXPECT_EQ(edge->device_scope, "ms-azure-iot-edge://edge-" + edge->generation_id);
    const auto child = put({.id = device_id("leaf"), .device_scope = edge->device_scope});
    EXPECT_EQ(child->parent_scope, edge->device_scope);
    const auto leaf = put("other");
    for (const std::string& scope :
         {"ms-azure-iot-edge://other-" + leaf->generation_id,
          std::string("ms-azure-iot-edge://edge-1"), std::string("ms-azure-iot-edge://nobody-1")}) {
        EXPECT_EQ(put({.id = device_id("stray"), .device_scope = scope}).error().code,
                  ErrorCode::invalid_device_scope);
    }
    ASSERT_TRUE(state.delete_device(device_id("edge"), std::nullopt, changes));
    EXPECT_TRUE(put({.id = device_id("leaf"), .device_scope = child->device_scope},
                    {.kind = Kind::update_any}));
}

// -- modules -------------------------------------------------------------------------------------

TEST_F(HubStateRegistryTest, AModuleIsCreatedOnceAndUpdatedOnlyWhereItIs) {
    EXPECT_EQ(put_module("d", "m").error(), Error(ErrorCode::device_not_found, "d"));
    ASSERT_TRUE(put("d"));
    EXPECT_EQ(put_module("d", "m", {.kind = Kind::update_any}).error(),
              Error(ErrorCode::module_not_found, "m"));
    const auto created = put_module("d", "m");
    EXPECT_EQ(created->authentication.symmetric_key.primary, "fresh-1");
    EXPECT_EQ(put_module("d", "m").error(), Error(ErrorCode::module_already_exists_on_device,
                                                  "Device d already contains Module m."));
    EXPECT_EQ(put_module("d", "m", {.kind = Kind::update_if_version, .version = 99}).error().code,
              ErrorCode::precondition_failed);
    const auto updated =
        put_module("d", "m", {.kind = Kind::update_if_version, .version = created->version});
    EXPECT_EQ(updated->generation_id, created->generation_id);
    EXPECT_GT(updated->version, created->version);
    EXPECT_EQ(*state.find(device_id("d"), module_id("m")), *updated);
    EXPECT_EQ(state.find(device_id("d"), module_id("n")), nullptr);
    EXPECT_EQ(state.find(device_id("e"), module_id("m")), nullptr);
}

TEST_F(HubStateRegistryTest, AModuleIsDeletedInItsCurrentVersion) {
    ASSERT_TRUE(put("d"));
    const auto created = put_module("d", "m");
    EXPECT_EQ(delete_module("e", "m").error().code, ErrorCode::device_not_found);
    EXPECT_EQ(delete_module("d", "n").error().code, ErrorCode::module_not_found);
    EXPECT_EQ(delete_module("d", "m", created->version + 1).error().code,
              ErrorCode::precondition_failed);
    EXPECT_TRUE(delete_module("d", "m", created->version));
    EXPECT_THAT(modules("d"), ElementsAre());
    EXPECT_NE(put_module("d", "m")->generation_id, created->generation_id);
}

TEST_F(HubStateRegistryTest, AModuleOfNoTypeIsOneWithKeys) {
    ASSERT_TRUE(put("d"));
    model::ModuleDefinition definition{.device = device_id("d"), .id = module_id("m")};
    definition.authentication.type = model::AuthenticationType::none;
    definition.managed_by = "me";
    const auto made = state.put_module(definition, {}, fresh, clock.now(), changes);
    EXPECT_EQ(made->authentication.type, model::AuthenticationType::sas);
    EXPECT_EQ(made->authentication.symmetric_key.secondary, "fresh-2");
    EXPECT_EQ(made->managed_by, "me");
    EXPECT_EQ(put_module("d", "m", {.kind = Kind::update_any})->managed_by, std::nullopt)
        << "a write replaces all of it";
    definition.id = module_id("n");
    definition.managed_by = std::string(129, 'x');
    EXPECT_EQ(state.put_module(definition, {}, fresh, clock.now(), changes).error().code,
              ErrorCode::argument_invalid);
}

TEST_F(HubStateRegistryTest, AnEdgeDeviceHasItsOwnTwoModulesAsLongAsItIsOne) {
    const auto edge = put({.id = device_id("d"), .iot_edge = true});
    EXPECT_THAT(modules("d"), ElementsAre("$edgeAgent", "$edgeHub"));
    const auto* agent = state.find(device_id("d"), module_id("$edgeAgent"));
    EXPECT_EQ(agent->managed_by, "iotEdge");
    EXPECT_EQ(agent->authentication,
              model::AuthenticationMechanism{.type = model::AuthenticationType::none});
    EXPECT_EQ(changes.size(), 3u) << "in one set with their device";
    EXPECT_EQ(delete_module("d", "$edgeHub").error().code,
              ErrorCode::system_module_modify_unauthorized);
    EXPECT_EQ(put_module("d", "$other").error().code, ErrorCode::argument_invalid);
    EXPECT_EQ(put_module("d", "$edgeHub", {.kind = Kind::update_any})->managed_by, "iotEdge");
    ASSERT_TRUE(put_module("d", "m"));
    ASSERT_TRUE(put({.id = device_id("d"), .iot_edge = true, .device_scope = edge->device_scope},
                    {.kind = Kind::update_any}));
    EXPECT_THAT(modules("d"), ElementsAre("$edgeAgent", "$edgeHub", "m"));
    ASSERT_TRUE(put({.id = device_id("d")}, {.kind = Kind::update_any}));
    EXPECT_THAT(modules("d"), ElementsAre("m"));
}

TEST_F(HubStateRegistryTest, ADeviceHasFiftyModulesBesideItsOwn) {
    ASSERT_TRUE(put({.id = device_id("d"), .iot_edge = true}));
    for (std::size_t i = 0; i < model::limits::modules_per_device_max; ++i) {
        ASSERT_TRUE(put_module("d", "m" + std::to_string(i)));
    }
    EXPECT_EQ(put_module("d", "one-more").error().code, ErrorCode::too_many_modules_on_device);
    EXPECT_TRUE(put_module("d", "m0", {.kind = Kind::update_any}));
}

TEST_F(HubStateRegistryTest, EverythingIsCountedAndRecoveredAlike) {
    EXPECT_THAT(counts(), ElementsAre(0, 0, 0));
    ASSERT_TRUE(put("a"));
    ASSERT_TRUE(put({.id = device_id("b"), .status = model::DeviceStatus::disabled}));
    ASSERT_TRUE(put({.id = device_id("c"), .iot_edge = true}));
    ASSERT_TRUE(put_module("c", "m"));
    ASSERT_TRUE(put({.id = device_id("a"), .status = model::DeviceStatus::disabled},
                    {.kind = Kind::update_any}));
    EXPECT_THAT(counts(), ElementsAre(3, 1, 3));

    HubState next(HubRules(), 8);
    std::uint64_t last_version = 0;
    for (const auto* id : {"a", "b", "c"}) next.recover(*state.find(device_id(id)));
    for (const auto& module : state.modules(device_id("c"))) {
        next.recover(device_id("c"), module);
        last_version = std::max(last_version, module.version);
    }
    EXPECT_EQ(next.counts().modules, 3u);
    EXPECT_EQ(next.counts().enabled, 1u);
    const auto later = next.put_device({.id = device_id("e")}, {}, fresh, clock.now(), changes);
    EXPECT_GT(later->version, last_version) << "no version is used twice";

    ASSERT_TRUE(state.delete_device(device_id("c"), std::nullopt, changes));
    ASSERT_TRUE(state.delete_device(device_id("b"), std::nullopt, changes));
    EXPECT_THAT(counts(), ElementsAre(1, 0, 0));
}

TEST_F(HubStateRegistryTest, VisitsInTheOrderOfIdsFromAnyPlaceOn) {
    for (const char* id : {"b", "a", "d", "c"}) ASSERT_TRUE(put(id));
    const auto ids = [&](std::size_t max, std::optional<model::DeviceId> from) {
        std::vector<std::string> visited;
        state.visit(from ? &*from : nullptr, [&](const auto& identity, auto) {
            visited.push_back(identity.id.value());
            return visited.size() < max;
        });
        return visited;
    };
    EXPECT_THAT(ids(2, std::nullopt), ElementsAre("a", "b"));
    EXPECT_THAT(ids(2, device_id("c")), ElementsAre("c", "d"));
    EXPECT_THAT(ids(2, device_id("b1")), ElementsAre("c", "d")) << "the place may be gone";
    EXPECT_THAT(ids(2, device_id("e")), ElementsAre());
}

TEST_F(HubStateRegistryTest, AModuleWithKeysThatAreNoneIsNotMade) {
    ASSERT_TRUE(put("d"));
    model::ModuleDefinition module{.device = device_id("d"), .id = module_id("m")};
    module.authentication.symmetric_key = {.primary = "one", .secondary = ""};
    EXPECT_EQ(state.put_module(module, {}, fresh, clock.now(), changes).error().code,
              ErrorCode::argument_invalid);
    EXPECT_THAT(modules("d"), ElementsAre());
}

}  // namespace
}  // namespace restante::core
