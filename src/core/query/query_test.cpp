#include "core/query/query.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/query/execution.hpp"

namespace restante::core::query {
namespace {

using testing::ElementsAre;

/// An edge device of fixed content.
const model::DeviceIdentity device{
    .id = *model::DeviceId::parse("dev-1"),
    .generation_id = "1",
    .version = 7,
    .status = model::DeviceStatus::disabled,
    .status_reason = "stolen",
    .authentication = {.type = model::AuthenticationType::self_signed,
                       .x509_thumbprint = {.primary = "AB"}},
    .iot_edge = true,
    .device_scope = "ms-azure-iot-edge://dev-1-1",
    .parent_scope = "ms-azure-iot-edge://up-1"};

const Observe observe = [](const auto&) {
    return Activity{.connected = true, .cloud_to_device_message_count = 3};
};

std::string holds(std::string_view condition) {
    const auto query = parse(fmt::format("SELECT * FROM devices WHERE {}", condition));
    if (!query) return query.error().message;
    const Value value = evaluate(*query->where, {.device = device, .observe = observe});
    if (value.is_undefined()) return "undefined";
    return value.is_true() ? "true" : "false";
}

TEST(Query, ConditionsHoldAsTheServiceDocuments) {
    const std::vector<std::pair<std::string_view, std::string_view>> cases{
        {"deviceId = 'dev-1'", "true"},
        {"DEVICEID = \"dev-1\"", "true"},
        {"devices.deviceId = 'dev-1'", "true"},
        {"deviceId = 'DEV-1'", "false"},
        {"deviceId != 'x'", "true"},
        {"deviceId <> 'dev-1'", "false"},
        {"'dev-1' = deviceId", "true"},
        {"deviceId > 'dev' AND deviceId <= 'dev-1'", "true"},
        {"deviceId in ['a', 'dev-1']", "true"},
        {"deviceId NIN ['a', 'b']", "true"},
        {"deviceId IN []", "false"},
        {"NOT deviceId = 'dev-1'", "false"},
        {"not not (deviceId = 'dev-1')", "true"},
        {"status = 'enabled' OR status = 'disabled'", "true"},
        {"true OR false AND false", "true"},
        {"(true OR false) AND false", "false"},
        {"capabilities.iotEdge = true", "true"},
        {"capabilities.iotEdge", "true"},
        {"array_contains(parentScopes, 'ms-azure-iot-edge://up-1')", "true"},
        {"array_contains(parentScopes, 'x')", "false"},
        {"array_contains(['a', deviceId], 'dev-1')", "true"},
        {"authenticationType = 'selfSigned'", "true"},
        {"x509Thumbprint.primaryThumbprint = 'AB'", "true"},
        {"is_null(x509Thumbprint.secondaryThumbprint)", "true"},
        {"connectionState = 'Connected'", "true"},
        {"cloudToDeviceMessageCount >= 3", "true"},
        {"cloudToDeviceMessageCount * 2 - 1 = 5", "true"},
        {"cloudToDeviceMessageCount % 2 = 1 and -1 < 0", "true"},
        {"1 + 2 * 3 = 7 and 8 / 2 / 2 = 2", "true"},
        {"0x10 = 16 and 1.5e1 = 15", "true"},
        {"cloudToDeviceMessageCount = '3'", "false"},
        {"cloudToDeviceMessageCount != '3'", "true"},
        {"tags.site = 'x'", "undefined"},
        {"tags.site != 'x'", "undefined"},
        {"NOT tags.site = 'x'", "undefined"},
        {"tags.site = 'x' OR true", "true"},
        {"is_defined(properties.reported.x)", "false"},
        {"is_defined(configurations.[[a b]].status)", "false"},
        {"is_defined(deviceId) and is_string(deviceId) and is_primitive(deviceId)", "true"},
        {"is_number(version) and is_bool(capabilities.iotEdge)", "true"},
        {"is_object(capabilities) and is_array(parentScopes)", "true"},
        {"moduleId = 'm'", "undefined"},
        {"STARTSWITH(deviceId, 'dev') AND ENDSWITH(deviceId, '1')", "true"},
        {"CONTAINS(deviceId, 'v-')", "true"},
        {"STARTSWITH(tags.x, 'dev')", "undefined"},
        {"CONCAT(LOWER('A'), UPPER('b'), 'c') = 'aBc'", "true"},
        {"LENGTH(deviceId) = 5 and INDEX_OF(deviceId, '-') = 3", "true"},
        {"SUBSTRING(deviceId, 0, 3) = 'dev' and SUBSTRING(deviceId, 4) = '1'", "true"},
        {"SUBSTRING(deviceId, 99, 3) = ''", "true"},
        {"ABS(-2) = 2 and POWER(2, 3) = 8 and CEILING(1.2) = 2 and FLOOR(1.8) = 1", "true"},
        {"SIGN(-5) = -1 and SQRT(9) = 3 and SQUARE(3) = 9 and EXP(0) = 1", "true"},
        {"1 / 0 = 1", "undefined"},
        {"-cloudToDeviceMessageCount = -3", "true"},
        {"-deviceId = 1", "undefined"},
        {"'\\u20ac' = '\xE2\x82\xAC'", "true"},
        {"'it\\'s' = 'it''s' and '\\u00fc' = '\xC3\xBC'", "true"},
        {"lastActivityTime < '2020-01-01T00:00:00Z'", "true"},
    };
    for (const auto& [condition, expected] : cases) {
        EXPECT_EQ(holds(condition), expected) << condition;
    }
}

std::string sum_of(std::size_t ones) {
    std::string text;
    while (ones-- > 0) text += " + 1";
    return text;
}

TEST(Query, WhatIsNoQueryIsRefusedWithItsPlace) {
    EXPECT_EQ(parse("").error().code, ErrorCode::argument_null);
    EXPECT_EQ(parse(" \n").error().code, ErrorCode::argument_null);
    for (const std::string& text :
         {std::string("SELECT"),
          std::string("SELECT FROM devices"),
          std::string("SELECT *"),
          std::string("SELECT * FROM twins"),
          std::string("SELECT * FROM devices.twins"),
          std::string("SELECT * FROM devices WHERE"),
          std::string("SELECT * FROM devices x"),
          std::string("SELECT * FROM devices WHERE deviceId ="),
          std::string("SELECT * FROM devices WHERE deviceId = 'x"),
          std::string("SELECT * FROM devices WHERE STARTS_WITH(deviceId, 'x')"),
          std::string("SELECT * FROM devices WHERE STARTSWITH(deviceId)"),
          std::string("SELECT * FROM devices WHERE deviceId IN 'x'"),
          std::string("SELECT * FROM devices WHERE deviceId = 'x' ORDER BY deviceId"),
          std::string("SELECT * FROM devices WHERE a = 1 = 2"),
          std::string("SELECT a, FROM devices"),
          std::string("SELECT deviceId, COUNT() FROM devices"),
          std::string("SELECT SUM() FROM devices"),
          std::string("SELECT * FROM devices GROUP BY status"),
          std::string("SELECT TOP x * FROM devices"),
          std::string("SELECT TOP -1 * FROM devices"),
          std::string("SELECT deviceId FROM devices.jobs"),
          std::string("DELETE FROM devices"),
          std::string("SELECT * FROM devices;"),
          std::string("SELECT * FROM devices WHERE '\\ud800' = ''"),
          "SELECT * FROM devices WHERE " + std::string(4000, '('),
          "SELECT * FROM devices WHERE a = " + std::string(4000, '-') + "1",
          "SELECT * FROM devices WHERE a = 1" + sum_of(query_depth_max + 1),
          std::string(query_characters_max + 1, 'x')}) {
        const auto query = parse(text);
        ASSERT_FALSE(query) << text;
        EXPECT_EQ(query.error().code, ErrorCode::argument_invalid) << text;
        EXPECT_TRUE(query.error().message.starts_with("BadRequest") ||
                    query.error().message.contains("character"))
            << query.error().message;
    }
}

TEST(Query, LongChainsAreNoDeepTrees) {
    std::string text = "SELECT * FROM devices WHERE deviceId = 'a'";
    while (text.size() < 8000) text += " OR deviceId='a'";
    EXPECT_TRUE(parse(text));
}

TEST(Query, TellsWhereToLook) {
    const auto scope = [](std::string_view condition) {
        const auto found =
            scope_of(*parse(fmt::format("SELECT * FROM devices WHERE {}", condition)));
        if (!found.device_ids) return "prefix " + found.prefix;
        return fmt::format("{}", fmt::join(*found.device_ids, " "));
    };
    EXPECT_EQ(scope("deviceId = 'a'"), "a");
    EXPECT_EQ(scope("status = 'enabled' AND 'a' = devices.deviceId"), "a");
    EXPECT_EQ(scope("deviceId IN ['b', 'a', 'b', 1]"), "a b");
    EXPECT_EQ(scope("deviceId IN ['b', LOWER('A')]"), "prefix ");
    EXPECT_EQ(scope("deviceId = 'a' OR true"), "prefix ");
    EXPECT_EQ(scope("NOT deviceId = 'a'"), "prefix ");
    EXPECT_EQ(scope("STARTSWITH(deviceId, 'a') AND true"), "prefix a");
}

// -- pages ---------------------------------------------------------------------------------------

class ExecutionTest : public testing::Test {
  protected:
    ExecutionTest() {
        for (const char* id : {"a", "b", "c", "d", "e"}) {
            devices.push_back({.id = *model::DeviceId::parse(id)});
        }
        devices[1].status = model::DeviceStatus::disabled;
        devices[4].status = model::DeviceStatus::disabled;
    }

    /// The pages of a query, each as its ids or its values.
    std::vector<std::string> pages(std::string_view text, std::size_t items_max) {
        std::vector<std::string> all;
        std::optional<Position> from{Position{}};
        while (from && all.size() < 20) {
            Execution execution(*parse(text), items_max, *from, observe);
            for (const auto& identity : devices) {
                if (identity.id.value() < execution.position().device) continue;
                if (execution.full()) break;
                execution.offer(identity, modules);
            }
            auto page = execution.finish(!execution.full());
            if (!page) return {page.error().message};
            all.push_back(text_of(*page));
            from = page->next;
        }
        return all;
    }
    static std::string text_of(const Page& page) {
        std::vector<std::string> items;
        for (const auto& selected : page.selected) {
            items.push_back(selected.device.id.value() +
                            (selected.module ? "/" + selected.module->id.value() : ""));
        }
        for (const auto& row : page.rows) {
            std::string item;
            for (const auto& [name, value] : row) {
                item += item.empty() ? "" : ",";
                item += name + ":";
                if (const auto* text = value.get_if<std::string>()) item += *text;
                if (const auto* number = value.get_if<double>()) item += fmt::to_string(*number);
            }
            items.push_back(item);
        }
        return fmt::format("{}", fmt::join(items, " "));
    }

    std::vector<model::DeviceIdentity> devices;
    std::vector<model::ModuleIdentity> modules;
};

TEST_F(ExecutionTest, PagesFollowEachOtherAndTheLastHasNoNext) {
    EXPECT_THAT(pages("SELECT * FROM devices", 2), ElementsAre("a b", "c d", "e"));
    EXPECT_THAT(pages("SELECT * FROM devices", 5), ElementsAre("a b c d e"));
    EXPECT_THAT(pages("SELECT * FROM devices WHERE status='disabled'", 1), ElementsAre("b", "e"));
    EXPECT_THAT(pages("SELECT * FROM devices WHERE deviceId='x'", 1), ElementsAre(""));
    EXPECT_THAT(pages("SELECT TOP 3 * FROM devices", 2), ElementsAre("a b", "c"));
    EXPECT_THAT(pages("SELECT TOP 2 * FROM devices", 2), ElementsAre("a b"));
    EXPECT_THAT(pages("SELECT TOP 0 * FROM devices", 2), ElementsAre(""));
    EXPECT_THAT(pages("SELECT * FROM devices.jobs", 2), ElementsAre(""));
}

TEST_F(ExecutionTest, APageStandsWhereItStoodWhenItsDeviceIsGone) {
    Execution first(*parse("SELECT * FROM devices"), 2, {}, observe);
    for (const auto& identity : devices) {
        if (!first.full()) first.offer(identity, {});
    }
    const auto next = first.finish(false)->next;
    ASSERT_TRUE(next);
    EXPECT_EQ(next->device, "b");
    EXPECT_EQ(next->given, 2u);
}

TEST_F(ExecutionTest, ProjectionsAreNamedAsTheServiceSpellsThem) {
    devices.erase(devices.begin() + 1, devices.end());
    EXPECT_THAT(pages("SELECT DEVICEID, Status AS s, tags.x, devices.etag e FROM devices", 9),
                ElementsAre("deviceId:a,s:enabled,e:AAAAAAAAAAE="));
}

TEST_F(ExecutionTest, AggregatesCountAllAndGroupsHavePagesToo) {
    EXPECT_THAT(pages("SELECT COUNT() AS n FROM devices", 2), ElementsAre("n:5"));
    EXPECT_THAT(pages("SELECT COUNT() FROM devices WHERE deviceId = 'x'", 2),
                ElementsAre("count:0"));
    EXPECT_THAT(pages("SELECT status, COUNT() AS n FROM devices GROUP BY status", 2),
                ElementsAre("status:disabled,n:2 status:enabled,n:3"));
    EXPECT_THAT(pages("SELECT deviceId FROM devices GROUP BY deviceId", 2),
                ElementsAre("deviceId:a deviceId:b", "deviceId:c deviceId:d", "deviceId:e"));
    EXPECT_THAT(pages("SELECT TOP 1 status FROM devices GROUP BY status", 2),
                ElementsAre("status:disabled"));
    EXPECT_THAT(pages("SELECT MIN(deviceId) AS a, MAX(deviceId) AS z, "
                      "SUM(cloudToDeviceMessageCount) AS s, AVG(cloudToDeviceMessageCount) AS m, "
                      "SUM(tags.x) AS nothing FROM devices",
                      2),
                ElementsAre("a:a,z:e,s:15,m:3,nothing:0"));
}

TEST_F(ExecutionTest, GroupsByWhatIsNoTextAreToldApartByTheirContent) {
    devices[0].parent_scope = devices[1].parent_scope = "x";
    devices[2].parent_scope = "y";
    EXPECT_THAT(pages("SELECT COUNT() AS n FROM devices GROUP BY parentScopes", 9),
                ElementsAre("n:2 n:2 n:1"));
    devices[0].authentication.x509_thumbprint.primary = "AA";
    devices[1].authentication.x509_thumbprint.primary = "BB";
    EXPECT_THAT(pages("SELECT COUNT() AS n FROM devices GROUP BY x509Thumbprint", 9),
                ElementsAre("n:3 n:1 n:1"));
    devices[3].iot_edge = true;
    EXPECT_THAT(pages("SELECT COUNT() AS n FROM devices GROUP BY capabilities", 9),
                ElementsAre("n:4 n:1"));
}

TEST_F(ExecutionTest, MoreGroupsThanTheLimitAreRefused) {
    while (devices.size() <= groups_max) {
        devices.push_back({.id = *model::DeviceId::parse(fmt::format("f{:05}", devices.size()))});
    }
    EXPECT_THAT(pages("SELECT deviceId FROM devices GROUP BY deviceId", 9),
                ElementsAre("BadRequest: the query makes more than 10000 groups"));
    devices.pop_back();
    EXPECT_EQ(pages("SELECT TOP 9 deviceId FROM devices GROUP BY deviceId", 9).size(), 1U);
}

TEST_F(ExecutionTest, ModulesAreListedDeviceByDevice) {
    devices.erase(devices.begin() + 2, devices.end());
    for (const char* id : {"$edgeHub", "m", "n"})
        modules.push_back({.id = *model::ModuleId::parse(id)});
    EXPECT_THAT(pages("SELECT * FROM devices.modules", 2),
                ElementsAre("a/$edgeHub a/m", "a/n b/$edgeHub", "b/m b/n"));
    EXPECT_THAT(pages("SELECT moduleId FROM devices.modules WHERE devices.deviceId = 'b' AND "
                      "devices.modules.moduleId > 'a'",
                      9),
                ElementsAre("moduleId:m moduleId:n"));
    EXPECT_THAT(pages("SELECT COUNT() AS n FROM devices.modules", 9), ElementsAre("n:6"));
}

}  // namespace
}  // namespace restante::core::query
