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

TEST_F(BulkTest, CreateOrUpdateDoesWhicheverIsDue) {
    create("there");
    const std::string_view both =
        R"([{"id":"there","importMode":"createOrUpdate","status":"disabled"},)"
        R"({"id":"new","importMode":"createOrUpdate"}])";
    for (int round = 0; round < 2; ++round) EXPECT_EQ(post(both).body, all_done);
    EXPECT_EQ(find("there")->identity.status, model::DeviceStatus::disabled);
    EXPECT_TRUE(find("new"));
}

// -- keys ----------------------------------------------------------------------------------------

TEST_F(BulkTest, KeysAreMadeAnewAsFarAsAskedFor) {
    const auto before = create("d").authentication.symmetric_key;
    const auto rotate = [this](std::string_view which) {
        const auto reply =
            call_as_owner("POST /devices/keys/regenerate",
                          fmt::format(R"({{"policyKey":"{}","devices":[{{"id":"d"}}]}})", which));
        const auto keys = find("d")->identity.authentication.symmetric_key;
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body,
                  fmt::format(R"({{"policyKey":"{}","rotatedKeys":[{{"id":"d","moduleId":null,)"
                              R"("primaryKey":"{}","secondaryKey":"{}"}}],"errors":[]}})",
                              which, keys.primary, keys.secondary));
        return keys;
    };
    const auto first = rotate("primaryKey");
    EXPECT_NE(first.primary, before.primary);
    EXPECT_EQ(first.secondary, before.secondary);
    const auto second = rotate("secondaryKey");
    EXPECT_EQ(second.primary, first.primary);
    EXPECT_NE(second.secondary, first.secondary);
    const auto third = rotate("both");
    EXPECT_NE(third.primary, second.primary);
    EXPECT_NE(third.secondary, second.secondary);
}

TEST_F(BulkTest, NewKeysLeaveTheRestOfAnIdentityAsItIs) {
    call_as_owner("PUT /devices/e",
                  R"({"deviceId":"e","capabilities":{"iotEdge":true},"status":"disabled",)"
                  R"("statusReason":"why"})");
    call_as_owner("PUT /devices/e/modules/m",
                  R"({"deviceId":"e","moduleId":"m","managedBy":"me"})");
    const auto before = find("e")->identity;
    EXPECT_EQ(call_as_owner("POST /devices/keys/regenerate",
                            R"({"policyKey":"both","devices":[{"id":"e"},{"id":"e",)"
                            R"("moduleId":"m"}]})")
                  .status,
              200);
    auto after = find("e")->identity;
    EXPECT_NE(after.version, before.version);
    EXPECT_NE(after.authentication, before.authentication);
    after.version = before.version;
    after.authentication = before.authentication;
    EXPECT_EQ(after, before);
    EXPECT_THAT(call_as_owner("GET /devices/e/modules/m").body, HasSubstr(R"("managedBy":"me")"));
}

TEST_F(BulkTest, NewKeysForSomeAnswer207AndForNone400) {
    create("d");
    call_as_owner("PUT /devices/x",
                  R"({"deviceId":"x","authentication":{"type":"certificateAuthority"}})");
    const auto rotate = [this](std::string_view devices) {
        return call_as_owner("POST /devices/keys/regenerate",
                             fmt::format(R"({{"policyKey":"both","devices":[{}]}})", devices));
    };
    const auto some = rotate(R"({"id":"d"},{"id":"x"},{"id":"gone"},{"id":"d","moduleId":"m"},)"
                             R"({"id":"a b"})");
    EXPECT_EQ(some.status, 207);
    EXPECT_THAT(some.body, HasSubstr(R"({"id":"x","moduleId":null,"errorCode":"ArgumentInvalid")"));
    EXPECT_THAT(some.body, HasSubstr(R"({"id":"gone","moduleId":null,"errorCode":)"
                                     R"("DeviceNotFound","errorStatus":"gone"})"));
    EXPECT_THAT(some.body, HasSubstr(R"({"id":"d","moduleId":"m","errorCode":"ModuleNotFound")"));
    EXPECT_THAT(some.body, HasSubstr(R"({"id":"a b","moduleId":null,"errorCode":)"
                                     R"("ArgumentInvalid")"));
    const auto none = rotate(R"({"id":"gone"})");
    EXPECT_EQ(none.status, 400);
    EXPECT_THAT(none.body, HasSubstr(R"("rotatedKeys":[],"errors":[{"id":"gone")"));
    EXPECT_EQ(rotate(R"({"id":"d"},{"id":"d"})").header("iothub-errorcode"),
              "DeviceDefinedMultipleTimes");
}

TEST_F(BulkTest, ARequestForNewKeysThatIsNoneIsRefused) {
    const auto before = create("d").authentication;
    const auto name = [this](std::string_view body) {
        return call_as_owner("POST /devices/keys/regenerate", body).header("iothub-errorcode");
    };
    EXPECT_EQ(name(R"({"policyKey":"third","devices":[{"id":"d"}]})"), "InvalidPolicyKey");
    EXPECT_EQ(name(R"({"devices":[{"id":"d"}]})"), "InvalidPolicyKey");
    for (const auto body :
         {"", "[]", R"({"policyKey":"both"})", R"({"policyKey":1})",
          R"({"policyKey":"both","devices":[]})", R"({"policyKey":"both","devices":[1]})",
          R"({"policyKey":"both","devices":[{"id":1}]})"}) {
        EXPECT_EQ(name(body), "ArgumentInvalid") << body;
    }
    std::string many = R"({"policyKey":"both","devices":[{"id":"d"})";
    for (int i = 0; i < 100; ++i) many += fmt::format(R"(,{{"id":"d{}"}})", i);
    EXPECT_EQ(name(many + "]}"), "TooManyDevices");
    expect_unauthorized(call("POST /devices/keys/regenerate", policy_token("registryRead"), "{}"));
    EXPECT_EQ(find("d")->identity.authentication, before);
}

// -- statistics ----------------------------------------------------------------------------------

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
