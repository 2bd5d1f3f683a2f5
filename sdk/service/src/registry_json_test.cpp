#include "registry_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "base/timestamp.hpp"
#include "restante/service/exceptions.hpp"
#include "wire/bulk_json.hpp"
#include "wire/device_json.hpp"
#include "wire/module_json.hpp"

namespace restante::service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

model::DeviceDescription edge_device() {
    return {.identity = {.id = *model::DeviceId::parse("e"),
                         .generation_id = "636595531817773533",
                         .version = 12,
                         .status = model::DeviceStatus::disabled,
                         .status_reason = "why",
                         .status_updated_at = from_unix_milliseconds(1458121562208),
                         .authentication = {.symmetric_key = {.primary = "p", .secondary = "s"}},
                         .iot_edge = true,
                         .device_scope = "own",
                         .parent_scope = "up"},
            .connected = true,
            .last_activity_at = from_unix_milliseconds(1458121562000),
            .cloud_to_device_message_count = 3};
}

TEST(RegistryJson, ADeviceShowsAllThatTheHubSays) {
    const auto said = wire::to_json(edge_device());
    const auto device = device_from_json(said);
    EXPECT_EQ(device.device_id, "e");
    EXPECT_EQ(device.etag, "MTI=");
    EXPECT_EQ(device.status_updated_time, "2016-03-16T09:46:02.2080000");
    EXPECT_EQ(device.connection_state_updated_time, "0001-01-01T00:00:00");
    EXPECT_EQ(device.authentication.symmetric_key.secondary_key, "s");
    EXPECT_TRUE(device.capabilities.iot_edge);
    EXPECT_EQ(device.device_scope, "own");
    EXPECT_THAT(device.parent_scopes, ElementsAre("up"));
    EXPECT_EQ(device.serialize(), said);
}

TEST(RegistryJson, ADeviceOfThumbprintsHasNoKeys) {
    const auto said = wire::to_json(model::DeviceDescription{
        .identity = {.id = *model::DeviceId::parse("x"),
                     .authentication = {.type = model::AuthenticationType::self_signed,
                                        .x509_thumbprint = {.primary = "AB"}}}});
    const auto device = device_from_json(said);
    EXPECT_EQ(device.authentication.type, "selfSigned");
    EXPECT_EQ(device.authentication.x509_thumbprint.primary_thumbprint, "AB");
    EXPECT_EQ(device.authentication.x509_thumbprint.secondary_thumbprint, "");
    EXPECT_EQ(device.serialize(), said);
}

TEST(RegistryJson, AModuleShowsAllThatTheHubSays) {
    const std::vector<model::ModuleDescription> modules{
        {.device = *model::DeviceId::parse("d"),
         .identity = {.id = *model::ModuleId::parse("$edgeHub"),
                      .generation_id = "7",
                      .version = 12,
                      .managed_by = "iotEdge",
                      .authentication = {.type = model::AuthenticationType::none}}}};
    const auto read = modules_from_json(wire::to_json(modules));
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read[0].module_id, "$edgeHub");
    EXPECT_EQ(read[0].managed_by, "iotEdge");
    EXPECT_EQ(read[0].etag, "MTI=");
    EXPECT_EQ(read[0].authentication.type, "none");
    EXPECT_EQ(read[0].serialize(), wire::to_json(modules[0]));
}

TEST(RegistryJson, AModuleIsWrittenAsTheHubReadsIt) {
    Module module;
    module.device_id = "d";
    module.module_id = "m";
    module.managed_by = "me";
    module.authentication = {"sas", {"p", "s"}, {}};
    const auto read = wire::module_from_json(module_body(module), *model::DeviceId::parse("d"),
                                             *model::ModuleId::parse("m"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->managed_by, "me");
    EXPECT_EQ(read->authentication.symmetric_key,
              (model::SymmetricKey{.primary = "p", .secondary = "s"}));
}

TEST(RegistryJson, APurgeIsReadAsTheServiceWritesIt) {
    const auto result =
        purge_result_from_json(R"({"totalMessagesPurged":3,"deviceId":"dev1","moduleId":null})");
    EXPECT_EQ(result.total_messages_purged, 3u);
    EXPECT_EQ(result.device_id, "dev1");
    EXPECT_EQ(result.module_id, "");
}

TEST(RegistryJson, WhatIsNoAnswerOfAHubIsAProtocolError) {
    const auto name = [](auto read) -> std::string {
        try {
            read();
        } catch (const IoTHubError& error) {
            return error.name();
        }
        return "read";
    };
    EXPECT_EQ(name([] { device_from_json("{}"); }), "ProtocolError");
    EXPECT_EQ(name([] { module_from_json("{}"); }), "ProtocolError");
    EXPECT_EQ(name([] { modules_from_json("{}"); }), "ProtocolError");
    EXPECT_EQ(name([] { rows_from_json("1"); }), "ProtocolError");
    EXPECT_EQ(name([] { purge_result_from_json("{}"); }), "ProtocolError");
    EXPECT_EQ(name([] { service_statistics_from_json(R"({"connectedDeviceCount":-1})"); }),
              "ProtocolError");
}

// -- files and bulk requests ---------------------------------------------------------------------

ExportImportDevice entry_of(const Device& device) {
    ExportImportDevice entry;
    entry.id = device.device_id;
    entry.e_tag = device.etag;
    entry.import_mode = "updateIfMatchETag";
    entry.status = device.status;
    entry.status_reason = device.status_reason;
    entry.authentication = device.authentication;
    entry.capabilities = device.capabilities;
    entry.device_scope = device.device_scope;
    entry.parent_scopes = device.parent_scopes;
    return entry;
}

TEST(ExportImportDevice, IsWrittenAsTheHubReadsIt) {
    const auto identity = edge_device().identity;
    const auto entry = entry_of(device_from_json(wire::to_json(edge_device())));
    const auto read = wire::bulk_from_json("[" + entry.serialize() + "]");
    ASSERT_TRUE(read && read->front().write);
    const auto& write = *read->front().write;
    EXPECT_EQ(write.mode, model::ImportMode::update_if_match_etag);
    EXPECT_EQ(write.version, identity.version);
    EXPECT_EQ(write.device.id, identity.id);
    EXPECT_EQ(write.device.status, identity.status);
    EXPECT_EQ(write.device.status_reason, identity.status_reason);
    EXPECT_EQ(write.device.authentication, identity.authentication);
    EXPECT_TRUE(write.device.iot_edge);
    EXPECT_EQ(write.device.device_scope, "own");
    EXPECT_EQ(write.device.parent_scope, "up");
}

TEST(ExportImportDevice, OfAModuleNamesBoth) {
    ExportImportDevice entry;
    entry.id = "d";
    entry.module_id = "m";
    entry.managed_by = "me";
    const auto read = wire::bulk_from_json("[" + entry.serialize() + "]");
    ASSERT_TRUE(read && read->front().write);
    EXPECT_EQ(read->front().write->module, *model::ModuleId::parse("m"));
    EXPECT_EQ(read->front().write->managed_by, "me");
    EXPECT_EQ(read->front().write->mode, model::ImportMode::create);
}

TEST(ExportImportDevice, IsReadAsItIsWritten) {
    const auto text = entry_of(device_from_json(wire::to_json(edge_device()))).serialize();
    EXPECT_EQ(ExportImportDevice::deserialize(text).serialize(), text);
    // A line of another exporter: more members than there are here, and fewer.
    const auto read = ExportImportDevice::deserialize(
        R"({"id":"d","tags":{},"twinETag":"x","properties":{"desired":{}}})");
    EXPECT_EQ(read.id, "d");
    EXPECT_EQ(read.import_mode, "");
    EXPECT_EQ(read.authentication.type, "sas");
}

TEST(ExportImportDevice, SaysWhatIsWrongWithALine) {
    const auto fault = [](const std::string& line) -> std::string {
        try {
            ExportImportDevice::deserialize(line);
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "read";
    };
    EXPECT_THAT(fault("{"), HasSubstr("not JSON"));
    EXPECT_THAT(fault("[]"), HasSubstr("JSON object"));
    EXPECT_THAT(fault("{}"), HasSubstr("id"));
    EXPECT_THAT(fault(R"({"id":1})"), HasSubstr("id must be a string"));
    EXPECT_THAT(fault(R"({"id":"d","authentication":{"type":"magic"}})"),
                HasSubstr("authentication.type"));
    EXPECT_THAT(fault(R"({"id":"d","parentScopes":[1]})"), HasSubstr("parentScopes"));
    EXPECT_THAT(fault(R"({"id":"d","capabilities":{"iotEdge":1}})"), HasSubstr("iotEdge"));
}

}  // namespace
}  // namespace restante::service
