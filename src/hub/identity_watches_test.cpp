// Who hears that a proof no longer holds, and who does not.

#include "hub/identity_watches.hpp"

#include <gtest/gtest.h>

#include "hub/hub.hpp"
#include "store/memory/memory_engine.hpp"
#include "support/awaited.hpp"
#include "support/manual_clock.hpp"

namespace restante::hub {
namespace {

using test::Awaited;
using test::NoLog;

/// A watch and what it was told.
struct Watching {
    std::shared_ptr<Awaited<void>> told = std::make_shared<Awaited<void>>();
    IdentityWatch watch{};

    ErrorCode reason() { return told->get().error().code; }
};

class IdentityWatchesTest : public testing::Test {
  protected:
    IdentityWatchesTest() {
        EXPECT_TRUE(hub.start());
        device = put({.id = device.id});
        other = put({.id = other.id});
    }
    ~IdentityWatchesTest() override { hub.stop(); }

    model::DeviceIdentity put(model::DeviceDefinition definition) {
        Awaited<model::DeviceDescription> done;
        hub.registry().put_device(std::move(definition), {}, done.answer());
        return done.get()->identity;
    }
    /// New keys, unless `as` holds the ones that are there.
    void update(const model::DeviceIdentity& as) {
        Awaited<model::DeviceDescription> done;
        hub.registry().put_device({.id = as.id,
                                   .status = as.status,
                                   .status_reason = as.status_reason,
                                   .authentication = as.authentication},
                                  {.kind = core::WriteCondition::Kind::update_any}, done.answer());
        EXPECT_TRUE(done.get());
    }
    model::ModuleIdentity put_module(std::string_view id, core::WriteCondition condition = {}) {
        Awaited<model::ModuleDescription> done;
        hub.registry().put_module({.device = device.id,
                                   .id = *model::ModuleId::parse(id),
                                   .managed_by = {},
                                   .authentication = {}},
                                  condition, done.answer());
        return done.get()->identity;
    }
    Watching watch(const model::DeviceIdentity& whom) { return watch(whom.id, {}, whom.version); }
    Watching watch(const model::ModuleIdentity& whom) {
        return watch(device.id, whom.id, whom.version);
    }
    Watching watch(const model::DeviceId& whom, std::optional<model::ModuleId> module,
                   std::uint64_t version) {
        Watching made;
        made.watch = hub.registry().watch({.device = whom,
                                           .module = std::move(module),
                                           .identity_version = version,
                                           .ended = [told = made.told](const Error& reason) {
                                               told->answer()(std::unexpected(reason));
                                           }});
        return made;
    }
    /// Once all that was asked for before is done, at this instant.
    bool untold(Watching& watching) {
        Awaited<RegistryCounts> counted;
        hub.registry().count(counted.answer());
        EXPECT_TRUE(counted.get());
        return !watching.told->answered();
    }

    NoLog sink;
    test::ManualClock clock;
    store::MemoryEngine engine;
    store::Store store{engine};
    Hub hub{store, clock, Logger(sink, clock), core::HubRules()};
    model::DeviceIdentity device{.id = *model::DeviceId::parse("d")};
    model::DeviceIdentity other{.id = *model::DeviceId::parse("d2")};
};

TEST_F(IdentityWatchesTest, ADeletedDeviceIsToldToAllWhoWatchItOrItsModules) {
    auto first = watch(device);
    auto second = watch(device);
    auto module = watch(put_module("m"));
    auto bystander = watch(other);
    Awaited<void> deleted;
    hub.registry().delete_device(device.id, std::nullopt, deleted.answer());
    ASSERT_TRUE(deleted.get());
    for (auto* each : {&first, &second, &module}) {
        EXPECT_EQ(each->reason(), ErrorCode::device_not_found);
    }
    EXPECT_TRUE(untold(bystander));
}

TEST_F(IdentityWatchesTest, ADisabledDeviceIsToldLikewise) {
    auto watching = watch(device);
    auto module = watch(put_module("m"));
    device.status = model::DeviceStatus::disabled;
    update(device);
    EXPECT_EQ(watching.reason(), ErrorCode::device_disabled);
    EXPECT_EQ(module.reason(), ErrorCode::device_disabled);
}

TEST_F(IdentityWatchesTest, NewKeysAreToldToThoseOfThatIdentityAlone) {
    const auto m = put_module("m");
    auto watching = watch(device);
    auto module = watch(m);
    Awaited<std::vector<RotatedKeys>> rotated;
    hub.registry().rotate_keys({.which = model::WhichKeys::primary,
                                .places = {{.device = device.id, .module = std::nullopt}}},
                               rotated.answer());
    ASSERT_TRUE(rotated.get());
    EXPECT_EQ(watching.reason(), ErrorCode::unauthorized);
    EXPECT_TRUE(untold(module));
    put_module("m", {.kind = core::WriteCondition::Kind::update_any});
    EXPECT_EQ(module.reason(), ErrorCode::unauthorized);
}

TEST_F(IdentityWatchesTest, ADeletedModuleIsToldToItsOwn) {
    auto watching = watch(device);
    auto module = watch(put_module("m"));
    auto sibling = watch(put_module("m2"));
    Awaited<void> deleted;
    hub.registry().delete_module(device.id, *model::ModuleId::parse("m"), std::nullopt,
                                 deleted.answer());
    ASSERT_TRUE(deleted.get());
    EXPECT_EQ(module.reason(), ErrorCode::module_not_found);
    EXPECT_TRUE(untold(watching));
    EXPECT_TRUE(untold(sibling));
}

TEST_F(IdentityWatchesTest, AnUpdateThatLeavesTheProofIsNoNews) {
    auto watching = watch(device);
    device.status_reason = "moved to hall 4";
    update(device);
    EXPECT_TRUE(untold(watching));
}

TEST_F(IdentityWatchesTest, AProofOfAnOlderIdentityEndsAtOnce) {
    const auto m = put_module("m");
    update(device);
    EXPECT_EQ(watch(device).reason(), ErrorCode::unauthorized);
    EXPECT_EQ(watch(device.id, *model::ModuleId::parse("gone"), 1).reason(),
              ErrorCode::module_not_found);
    EXPECT_EQ(watch(device.id, m.id, m.version + 1).reason(), ErrorCode::unauthorized);
    EXPECT_EQ(watch(*model::DeviceId::parse("gone"), {}, 1).reason(), ErrorCode::device_not_found);
}

TEST_F(IdentityWatchesTest, WhoGaveTheWatchUpIsNotTold) {
    auto given_up = watch(device);
    auto replaced = watch(device);
    auto kept = watch(device);
    given_up.watch = IdentityWatch();
    replaced.watch = std::move(kept.watch);
    update({.id = device.id});
    EXPECT_EQ(kept.reason(), ErrorCode::unauthorized);
    EXPECT_TRUE(untold(given_up));
    EXPECT_TRUE(untold(replaced));
}

}  // namespace
}  // namespace restante::hub
