// What devices send over HTTP and this hub does not keep, and what it does not have.

#include "gateway/http/routes/events.hpp"

#include <gmock/gmock.h>

#include "support/rest_test.hpp"

namespace restante::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EventsTest : public test::RestTest {
  protected:
    static constexpr std::string_view line =
        "POST /devices/d1/messages/events?api-version=2021-04-12";

    int post_batch(std::string_view body) {
        return call(line, device_token(device), body,
                    {{"Content-Type", "application/vnd.microsoft.iothub.json; charset=utf-8"}})
            .status;
    }

    const model::DeviceIdentity device = create("d1");
};

TEST_F(EventsTest, TelemetryIsAcknowledgedAndReportedOnceAConnection) {
    Client client(*this);
    for (int i = 0; i < 3; ++i) {
        client.harness.receive(request(line, device_token(device), "21 degrees"));
        EXPECT_EQ(client.read().status, 204);
    }
    EXPECT_THAT(log.of("telemetry_discarded"), ElementsAre(HasSubstr("device=d1 ")));
    EXPECT_THAT(log.text(), testing::Not(HasSubstr("21 degrees")));
    EXPECT_EQ(call(line, device_token(device), "x").status, 204);
    EXPECT_THAT(log.of("telemetry_discarded"), testing::SizeIs(2));
}

TEST_F(EventsTest, ChunkedTelemetryIsAcknowledged) {
    Client client(*this);
    client.harness.receive(
        request(line, device_token(device), {}, {{"Transfer-Encoding", "chunked"}}) +
        "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    EXPECT_EQ(client.read().status, 204);
    client.harness.receive(request(line, device_token(device)));
    EXPECT_EQ(client.read().status, 204) << "an empty message";
}

TEST_F(EventsTest, OnlyTheDeviceItselfSendsTelemetry) {
    expect_unauthorized(call(line, "", "x"));
    expect_unauthorized(call(line, device_token(create("d2")), "x"));
    expect_unauthorized(call(line, policy_token("service"), "x"));
    EXPECT_EQ(call(line, policy_token("device"), "x").status, 204);
}

TEST_F(EventsTest, ABatchMustBeOne) {
    for (const auto body :
         {R"([])", R"([{"body":"aGVsbG8="}])",
          R"([{"body":"hello","base64Encoded":false,"properties":{"iothub-app-k":"v"}},)"
          R"({"base64Encoded":true,"body":"aGVsbG8="}])"}) {
        EXPECT_EQ(post_batch(body), 204) << body;
    }
    for (const auto body : {"", "hello", "{}", "[1]", "[{}]", R"([{"body":1}])", "[", "[[]]"}) {
        EXPECT_EQ(post_batch(body), 400) << body;
    }
    EXPECT_THAT(log.of("telemetry_discarded"), testing::SizeIs(3));
}

TEST_F(EventsTest, TelemetryHas256KilobytesAtMost) {
    EXPECT_EQ(call(line, device_token(device), std::string(telemetry_bytes_max, 'x')).status, 204);
    const auto reply = call(line, device_token(device), std::string(telemetry_bytes_max + 1, 'x'));
    expect_error(reply, 413, "MessageTooLarge",
                 "the telemetry has 262145 bytes, the limit is 262144");
}

TEST_F(EventsTest, AFileUploadIsRefusedForWantOfAStore) {
    for (const auto path : {"files", "files/", "files/notifications", "files/notifications/id",
                            "files/notifications/?api-version=2016-11-14"}) {
        const auto upload = fmt::format("POST /devices/d1/{}", path);
        expect_error(call(upload, device_token(device), R"({"blobName":"b"})"), 400,
                     "DefaultStorageEndpointNotConfigured",
                     "this hub has no storage for file uploads");
        expect_unauthorized(call(upload, ""));
    }
}

class ModuleRoutesTest : public EventsTest {
  protected:
    model::ModuleIdentity put_module(std::string_view id) {
        auto done = answer_of<model::ModuleDescription>([&](auto answer) {
            hub.registry().put_module({.device = device.id,
                                       .id = *model::ModuleId::parse(id),
                                       .managed_by = {},
                                       .authentication = {}},
                                      {}, std::move(answer));
        });
        EXPECT_TRUE(done);
        return done->identity;
    }
    std::string token_for(std::string_view path, std::string_view key) const {
        return auth::SharedAccessSignature::create(fmt::format("{}/{}", hostname, path),
                                                   *from_base64(key), in(std::chrono::hours(1)));
    }
    std::string token_of(const model::ModuleIdentity& owner) const {
        return token_for(fmt::format("devices/d1/modules/{}", owner.id.value()),
                         owner.authentication.symmetric_key.primary);
    }
    int post_events(const std::string& token, std::string_view id = "m") {
        return call(fmt::format("POST /devices/d1/modules/{}/messages/events", id), token, "x")
            .status;
    }

    const model::ModuleIdentity module = put_module("m");
    const model::ModuleIdentity other = put_module("m2");
};

TEST_F(ModuleRoutesTest, AModuleSendsTelemetryByItsOwnTokenOrThatOfAPolicyForDevices) {
    EXPECT_EQ(post_events(token_of(module)), 204);
    EXPECT_EQ(post_events(policy_token("device")), 204);
    EXPECT_THAT(log.of("telemetry_discarded"),
                ElementsAre(HasSubstr("device=d1/m "), HasSubstr("device=d1/m ")));
}

TEST_F(ModuleRoutesTest, NeitherItsDeviceNorAnotherModuleIsAModule) {
    EXPECT_EQ(post_events(device_token(device)), 401);
    EXPECT_EQ(post_events(token_of(other)), 401);
    EXPECT_EQ(
        post_events(token_for("devices/d1/modules/m", device.authentication.symmetric_key.primary)),
        401);
    EXPECT_EQ(post_events(token_of(module), "nobody"), 401);
    expect_unauthorized(call(line, token_of(module), "x"));
    expect_unauthorized(call("GET /devices/d1/messages/devicebound", token_of(module)));
    expect_unauthorized(call("POST /devices/d1/modules/m/messages/events", "", "x"));
    EXPECT_THAT(log.of("refused"), testing::SizeIs(7));
    EXPECT_THAT(log.of("refused")[0], HasSubstr("who=d1/m "));
}

TEST_F(ModuleRoutesTest, AModulesQueueIsAlwaysEmpty) {
    const std::string queue = "/devices/d1/modules/m/messages/devicebound";
    EXPECT_EQ(call("GET " + queue, token_of(module)).status, 204);
    for (const auto& asked : {"DELETE " + queue + "/token", "POST " + queue + "/token/abandon"}) {
        expect_error(call(asked, token_of(module)), 412, "DeviceMessageLockLost",
                     "a module receives nothing it could settle");
    }
    for (const auto& asked :
         {"POST " + queue, std::string("DELETE /devices/d1/modules/m/commands")}) {
        expect_unauthorized(call(asked, token_of(module)));
        expect_error(call_as_owner(asked), 400, "InvalidOperation",
                     "cloud-to-device messages go to devices: a module has no queue");
    }
    EXPECT_EQ(call("POST /devices/d1/modules/m/files", token_of(module)).status, 400);
}

}  // namespace
}  // namespace restante::gateway
