// /devices/{id}/modules over HTTP.

#include "gateway/http/routes/modules.hpp"

#include <gmock/gmock.h>

#include "support/rest_test.hpp"
#include "wire/etag.hpp"

namespace restante::gateway {
namespace {

using test::Reply;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class ModulesTest : public test::RestTest {
  protected:
    Reply put(std::string_view module, const http::Headers& headers = {}) {
        return call_as_owner(fmt::format("PUT /devices/d1/modules/{}", module),
                             fmt::format(R"({{"deviceId":"d1","moduleId":"{}"}})", module),
                             headers);
    }
    Reply get(std::string_view path) { return call_as_owner(fmt::format("GET {}", path)); }
    static http::Headers any() { return {{"If-Match", "*"}}; }
};

TEST_F(ModulesTest, APutCreatesAModuleWithTheFieldsOfTheService) {
    create("d1");
    const auto reply = put("m1");
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(
        reply.body,
        StartsWith(R"({"moduleId":"m1","managedBy":null,"deviceId":"d1","generationId":")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("connectionState":"Disconnected",)"
                                      R"("connectionStateUpdatedTime":"0001-01-01T00:00:00",)"
                                      R"("lastActivityTime":"0001-01-01T00:00:00",)"
                                      R"("cloudToDeviceMessageCount":0,"authentication":)"
                                      R"({"symmetricKey":{"primaryKey":")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("type":"sas"})"));
    EXPECT_EQ(get("/devices/d1/modules/m1").body, reply.body);
    EXPECT_EQ(get("/devices/d1/modules/m1").header("ETag"), reply.header("ETag"));
    EXPECT_EQ(get("/devices/d1/modules").body, "[" + reply.body + "]");
    EXPECT_EQ(get("/devices/D1/modules").status, 404);
}

TEST_F(ModulesTest, IfMatchDecidesAsForDevices) {
    create("d1");
    EXPECT_EQ(put("m1", any()).status, 404);
    const auto etag = put("m1").header("ETag");
    EXPECT_EQ(put("m1", {{"If-Match", etag}}).status, 200);
    EXPECT_EQ(put("m1", {{"If-Match", etag}}).status, 412);
    EXPECT_EQ(put("m1", any()).status, 200);
    expect_error(call_as_owner("DELETE /devices/d1/modules/m1"), 412, "PreconditionFailed",
                 "Etag missing");
    EXPECT_EQ(call_as_owner("DELETE /devices/d1/modules/m1", {}, {{"If-Match", etag}}).status, 412);
    EXPECT_EQ(call_as_owner("DELETE /devices/d1/modules/m1", {}, any()).status, 204);
    expect_error(call_as_owner("DELETE /devices/d1/modules/m1", {}, any()), 404, "ModuleNotFound",
                 "m1");
    expect_error(get("/devices/d1/modules/m1"), 404, "ModuleNotFound", "m1");
    expect_error(get("/devices/d2/modules/m1"), 404, "DeviceNotFound", "d2");
}

TEST_F(ModulesTest, ASecondModuleOfTheSameNameIsAConflictInTheFlatShape) {
    create("d1");
    put("m1");
    const auto reply = put("m1");
    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(reply.header("iothub-errorcode"), "ModuleAlreadyExistsOnDevice");
    EXPECT_THAT(reply.body,
                StartsWith(R"({"errorCode":409301,"message":"Device d1 in IotHub hub already )"
                           R"(contains Module m1.","trackingId":")"));
    EXPECT_THAT(log.of("request_failed"),
                ElementsAre(HasSubstr("code=ModuleAlreadyExistsOnDevice")));
}

TEST_F(ModulesTest, AnEdgeDeviceBringsItsOwn) {
    call_as_owner("PUT /devices/d1", R"({"deviceId":"d1","capabilities":{"iotEdge":true}})");
    const auto listed = get("/devices/d1/modules").body;
    EXPECT_THAT(listed, HasSubstr(R"({"moduleId":"$edgeAgent","managedBy":"iotEdge",)"));
    EXPECT_THAT(listed, HasSubstr(R"({"moduleId":"$edgeHub","managedBy":"iotEdge",)"));
    EXPECT_THAT(listed, HasSubstr(R"("type":"none"})"));
    EXPECT_EQ(get("/devices/d1/modules/%24edgeAgent").status, 200);
    EXPECT_EQ(put("$mine").status, 400);
    const auto reply = call_as_owner("DELETE /devices/d1/modules/$edgeHub", {}, any());
    EXPECT_EQ(reply.header("iothub-errorcode"), "SystemModuleModifyUnauthorizedAccess");
    call_as_owner("DELETE /devices/d1", {}, any());
    create("d1");
    EXPECT_EQ(get("/devices/d1/modules").body, "[]");
}

TEST_F(ModulesTest, BadInputIsRefused) {
    create("d1");
    const std::vector<std::string> bodies{
        "",
        "[]",
        "{",
        R"({})",
        R"({"moduleId":"m2"})",
        R"({"moduleId":"m1","deviceId":"d2"})",
        R"({"moduleId":"m1","managedBy":1})",
        R"({"moduleId":"m1","authentication":[]})",
        R"({"moduleId":"m1","authentication":{"symmetricKey":{"primaryKey":"a"}}})"};
    for (const auto& body : bodies) {
        const auto reply = call_as_owner("PUT /devices/d1/modules/m1", body);
        EXPECT_EQ(reply.header("iothub-errorcode"), "ArgumentInvalid") << body;
    }
    EXPECT_EQ(put("a%20b").status, 400);
    EXPECT_EQ(get("/devices/d1/modules/a%2Fb").status, 400);
    EXPECT_EQ(get("/devices/a%2Fb/modules").status, 400);
    EXPECT_EQ(get("/devices/d1/modules").body, "[]");
}

TEST_F(ModulesTest, ReadingAndWritingNeedTheRightsOfTheRegistry) {
    create("d1");
    expect_unauthorized(call("GET /devices/d1/modules", policy_token("service")));
    expect_unauthorized(call("GET /devices/d1/modules/m1", policy_token("service")));
    expect_unauthorized(call("PUT /devices/d1/modules/m1", policy_token("registryRead")));
    expect_unauthorized(call("DELETE /devices/d1/modules/m1", policy_token("registryRead")));
    EXPECT_EQ(call("GET /devices/d1/modules", policy_token("registryRead")).status, 200);
}

}  // namespace
}  // namespace restante::gateway
