// POST /devices, POST /devices/query and /statistics over HTTP.

#include "gateway/http/routes/bulk.hpp"

#include <gmock/gmock.h>

#include "support/rest_test.hpp"
#include "wire/etag.hpp"

namespace restante::gateway {
namespace {

using test::Reply;
using testing::HasSubstr;

class BulkTest : public test::RestTest {
  protected:
    Reply post(std::string_view body) { return call_as_owner("POST /devices", body); }
    Reply query(std::string_view text, const http::Headers& headers = {}) {
        return call("POST /devices/query", policy_token("service"),
                    fmt::format(R"({{"query":"{}"}})", text), headers);
    }
};

constexpr std::string_view all_done = R"({"isSuccessful":true,"errors":[],"warnings":[]})";

TEST_F(BulkTest, EntriesAreDoneEachForItself) {
    create("there");
    const auto reply = post(R"([{"id":"there"},{"id":"new"},{"id":"a b"},)"
                            R"({"id":"gone","importMode":"delete"},{"id":"e","moduleId":"m"}])");
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.header("iothub-errorcode"), "(none)");
    EXPECT_THAT(reply.body, HasSubstr(R"("errorCode":"DeviceAlreadyExists","errorStatus":)"
                                      R"("A device with ID 'there' is already registered.")"));
    EXPECT_THAT(reply.body, HasSubstr(R"({"deviceId":"a b","moduleId":null,"errorCode":)"
                                      R"("ArgumentInvalid")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("errorCode":"DeviceNotFound","errorStatus":"gone")"));
    EXPECT_THAT(reply.body, HasSubstr(R"({"deviceId":"e","moduleId":"m","errorCode":)"
                                      R"("DeviceNotFound")"));
    EXPECT_TRUE(find("new"));
}

TEST_F(BulkTest, EachModeDoesWhatItSays) {
    EXPECT_EQ(post(R"([{"id":"a"},{"id":"b"},{"id":"c","importMode":"create"}])").body, all_done);
    EXPECT_EQ(post(R"([{"id":"a","moduleId":"m"}])").status, 200);
    const auto etag = wire::etag_text(find("a")->identity.version);
    const auto stale = fmt::format(
        R"([{{"id":"a","importMode":"updateIfMatchETag","eTag":"{}","status":"disabled"}},)"
        R"({{"id":"b","importMode":"updateIfMatchETag","eTag":"{}"}}])",
        etag, etag);
    const auto reply = post(stale);
    EXPECT_EQ(reply.status, 400);
    EXPECT_THAT(reply.body, HasSubstr(R"("errorCode":"PreconditionFailed")"));
    EXPECT_EQ(find("a")->identity.status, model::DeviceStatus::disabled);
    EXPECT_EQ(post(R"([{"id":"b","importMode":"update","status":"disabled"}])").status, 200);
    EXPECT_EQ(find("b")->identity.status, model::DeviceStatus::disabled);
    EXPECT_EQ(post(R"([{"id":"a","moduleId":"m","importMode":"delete"},{"id":"b",)"
                   R"("importMode":"deleteIfMatchEtag","eTag":"*"}])")
                  .body,
              all_done);
    EXPECT_FALSE(find("b"));
    EXPECT_EQ(call_as_owner("GET /devices/a/modules").body, "[]");
}

TEST_F(BulkTest, ARequestThatIsNoneIsRefusedWhole) {
    expect_error(post(R"([{"id":"a"},{"id":"a"}])"), 400, "DeviceDefinedMultipleTimes",
                 "DeviceDefinedMultipleTimes, device ID a");
    for (const auto body : {"", "{}", "[]", "[1]", "{"}) EXPECT_EQ(post(body).status, 400) << body;
    expect_unauthorized(call("POST /devices", policy_token("registryRead"), R"([{"id":"a"}])"));
    EXPECT_FALSE(find("a"));
}

TEST_F(BulkTest, StatisticsCount) {
    create("a");
    create("b", model::DeviceStatus::disabled);
    EXPECT_EQ(call_as_owner("GET /statistics/devices").body,
              R"({"totalDeviceCount":2,"enabledDeviceCount":1,"disabledDeviceCount":1})");
    EXPECT_EQ(call_as_owner("GET /statistics/service").body, R"({"connectedDeviceCount":0})");
    expect_unauthorized(call("GET /statistics/devices", policy_token("service")));
}

// -- query ---------------------------------------------------------------------------------------

TEST_F(BulkTest, AQueryShowsIdentitiesAsEmptyTwins) {
    const auto device = create("a");
    const auto reply = query("SELECT * FROM devices");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("x-ms-item-type"), "Twin");
    EXPECT_EQ(reply.header("x-ms-continuation"), "(none)");
    EXPECT_EQ(
        reply.body,
        fmt::format(
            R"([{{"deviceId":"a","etag":"AAAAAAAAAAE=","deviceEtag":"{}","status":"enabled",)"
            R"("statusReason":null,"statusUpdateTime":"0001-01-01T00:00:00Z",)"
            R"("connectionState":"Disconnected","lastActivityTime":"0001-01-01T00:00:00Z",)"
            R"("cloudToDeviceMessageCount":0,"authenticationType":"sas","x509Thumbprint":)"
            R"({{"primaryThumbprint":null,"secondaryThumbprint":null}},"modelId":"","version":2,)"
            R"("tags":{{}},"properties":{{"desired":{{"$metadata":{{"$lastUpdated":)"
            R"("0001-01-01T00:00:00Z"}},"$version":1}},"reported":{{"$metadata":{{"$lastUpdated":)"
            R"("0001-01-01T00:00:00Z"}},"$version":1}}}},"capabilities":{{"iotEdge":false}}}}])",
            wire::etag_text(device.version)));
}

TEST_F(BulkTest, AQueryIsReadPageByPage) {
    for (const auto id : {"a", "b", "c"}) create(id);
    const auto first =
        query("SELECT deviceId, version FROM devices", {{"x-ms-max-item-count", "2"}});
    EXPECT_EQ(first.header("x-ms-item-type"), "Raw");
    EXPECT_EQ(first.body, R"([{"deviceId":"a","version":2},{"deviceId":"b","version":2}])");
    call_as_owner("DELETE /devices/b", {}, {{"If-Match", "*"}});
    const auto second = query(
        "SELECT deviceId, version FROM devices",
        {{"x-ms-max-item-count", "2"}, {"x-ms-continuation", first.header("x-ms-continuation")}});
    EXPECT_EQ(second.body, R"([{"deviceId":"c","version":2}])");
    EXPECT_EQ(second.header("x-ms-continuation"), "(none)");
    EXPECT_EQ(query("SELECT COUNT() AS n FROM devices").body, R"([{"n":2}])");
    EXPECT_EQ(query("SELECT * FROM devices.jobs").header("x-ms-item-type"), "DeviceJob");
}

TEST_F(BulkTest, AQueryOverManyIdentitiesIsMadeInSlices) {
    std::string last;
    for (int page = 0; page < 50; ++page) {
        std::string body = "[";
        for (int i = 0; i < 100; ++i) {
            last = fmt::format("d{:04}", page * 100 + i);
            body += fmt::format(R"({}{{"id":"{}"}})", i > 0 ? "," : "", last);
        }
        ASSERT_EQ(post(body + "]").status, 200);
    }
    EXPECT_EQ(query("SELECT COUNT() AS n FROM devices WHERE NOT (status='x' OR status='y' OR "
                    "status='z' OR lastActivityTime = '')")
                  .body,
              R"([{"n":5000}])");
    EXPECT_EQ(query("SELECT deviceId FROM devices WHERE ENDSWITH(deviceId, '4999')").body,
              R"([{"deviceId":"d4999"}])");
    EXPECT_EQ(query("SELECT deviceId FROM devices WHERE STARTSWITH(deviceId, 'd499') AND "
                    "ENDSWITH(deviceId, '9')")
                  .body,
              R"([{"deviceId":"d4999"}])");
    EXPECT_EQ(query("SELECT deviceId FROM devices WHERE deviceId IN ['d4999','d0','d0001']").body,
              R"([{"deviceId":"d0001"},{"deviceId":"d4999"}])");
}

TEST_F(BulkTest, AQueryThatIsNoneIsRefused) {
    EXPECT_EQ(query("").header("iothub-errorcode"), "ArgumentNull");
    EXPECT_EQ(query("SELECT").header("iothub-errorcode"), "ArgumentInvalid");
    for (const auto count : {"0", "-1", "x", "1x"}) {
        EXPECT_EQ(query("SELECT * FROM devices", {{"x-ms-max-item-count", count}}).status, 400);
    }
    EXPECT_EQ(
        query("SELECT * FROM devices", {{"x-ms-max-item-count", "99999999999999999999"}}).status,
        200);
    EXPECT_EQ(query("SELECT * FROM devices", {{"x-ms-continuation", "x"}}).status, 400);
    EXPECT_EQ(call_as_owner("POST /devices/query", "[]").status, 400);
    EXPECT_EQ(call_as_owner("POST /devices/query", R"({"query":1})").status, 400);
    expect_unauthorized(call("POST /devices/query", policy_token("registryReadWrite"), "{}"));
}

}  // namespace
}  // namespace restante::gateway
