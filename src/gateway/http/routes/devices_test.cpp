// /devices over HTTP: statuses, headers and bodies as clients see them.

#include "gateway/http/routes/devices.hpp"

#include <gmock/gmock.h>

#include "support/rest_test.hpp"
#include "wire/device_json.hpp"
#include "wire/etag.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using test::Reply;
using testing::HasSubstr;

class DevicesTest : public test::RestTest {
  protected:
    static std::string body_of(std::string_view id) {
        return fmt::format(R"({{"deviceId":"{}"}})", id);
    }
    Reply put(std::string_view path_id, std::string_view body, const http::Headers& headers = {}) {
        return call_as_owner(fmt::format("PUT /devices/{}", path_id), body, headers);
    }
    static http::Headers if_match(std::string_view value) {
        return {{"If-Match", std::string(value)}};
    }
};

// -- create --------------------------------------------------------------------------------------

TEST_F(DevicesTest, APutCreatesADeviceAndMakesItsKeys) {
    const auto reply = put("d1", body_of("d1"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
    const auto stored = find("d1");
    ASSERT_TRUE(stored);
    const auto& identity = stored->identity;
    const auto etag = wire::etag_text(identity.version);
    EXPECT_EQ(reply.header("ETag"), '"' + etag + '"');
    EXPECT_EQ(reply.body,
              fmt::format(
                  R"({{"deviceId":"d1","generationId":"{}","etag":"{}",)"
                  R"("connectionState":"Disconnected","status":"enabled","statusReason":null,)"
                  R"("connectionStateUpdatedTime":"0001-01-01T00:00:00",)"
                  R"("statusUpdatedTime":"0001-01-01T00:00:00",)"
                  R"("lastActivityTime":"0001-01-01T00:00:00","cloudToDeviceMessageCount":0,)"
                  R"("authentication":{{"symmetricKey":{{"primaryKey":"{}","secondaryKey":"{}"}},)"
                  R"("x509Thumbprint":{{"primaryThumbprint":null,"secondaryThumbprint":null}},)"
                  R"("type":"sas"}},"capabilities":{{"iotEdge":false}},"deviceScope":null,)"
                  R"("parentScopes":[]}})",
                  identity.generation_id, etag, identity.authentication.symmetric_key.primary,
                  identity.authentication.symmetric_key.secondary));
    EXPECT_EQ(from_base64(identity.authentication.symmetric_key.primary)->size(), 32u);
}

TEST_F(DevicesTest, APutWithoutIfMatchNeverOverwrites) {
    const auto before = create("d1");
    for (const auto& headers : {http::Headers{}, if_match("")}) {
        expect_error(put("d1", body_of("d1"), headers), 409, "DeviceAlreadyExists",
                     "A device with ID 'd1' is already registered.");
    }
    const auto carried =
        fmt::format(R"({{"deviceId":"d1","etag":"{}"}})", wire::etag_text(before.version));
    EXPECT_EQ(put("d1", carried).status, 409) << "a tag in the body is no condition";
    EXPECT_EQ(find("d1")->identity, before);
}

TEST_F(DevicesTest, IdsArePercentDecodedOnce) {
    EXPECT_EQ(put("a%2Bb%25c%3A%24", body_of("a+b%c:$")).status, 200);
    EXPECT_TRUE(find("a+b%c:$"));
    EXPECT_EQ(call_as_owner("GET /devices/a%2bb%25c:$").status, 200);
    EXPECT_EQ(call_as_owner("GET /devices/a+b%c:$").status, 200) << "as C writes it";
}

TEST_F(DevicesTest, AnIdThatBreaksTheRulesIsRefused) {
    for (const auto line : {"GET", "PUT", "DELETE"}) {
        const auto reply =
            call_as_owner(fmt::format("{} /devices/a%2Fb", line), body_of("a/b"), if_match("*"));
        EXPECT_EQ(reply.status, 400);
        EXPECT_EQ(reply.header("iothub-errorcode"), "ArgumentInvalid");
    }
    EXPECT_EQ(call_as_owner(fmt::format("GET /devices/{}", std::string(129, 'a'))).status, 400);
}

TEST_F(DevicesTest, ABodyThatDoesNotDescribeTheDeviceIsRefused) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {R"({"deviceId":"d2"})",
         "deviceId in the body must be there and equal to the one in the path"},
        {R"({})", "deviceId in the body must be there and equal to the one in the path"},
        {R"({"deviceId":"D1"})",
         "deviceId in the body must be there and equal to the one in the path"},
        {R"([])", "the body must be a JSON object"},
        {R"({"deviceId":"d1","authentication":{"symmetricKey":)"
         R"({"primaryKey":"MTIzNDU2Nzg5MDEyMzQ1Ng=="}}})",
         "Either no keys or both keys can be set"},
    };
    for (const auto& [body, text] : cases) {
        expect_error(put("d1", body), 400, "ArgumentInvalid", text);
    }
    for (const std::string body : {"{", "hello", "\xff", "{\"deviceId\":\"d1\"} {}"}) {
        const auto reply = put("d1", body);
        EXPECT_EQ(reply.status, 400) << body;
        EXPECT_EQ(reply.header("iothub-errorcode"), "ArgumentInvalid");
    }
    EXPECT_EQ(put("d1", "").status, 400);
    EXPECT_EQ(put("d1", std::string(wire::device_json_bytes_max + 1, ' ')).status, 400);
    EXPECT_FALSE(find("d1"));
}

// -- update --------------------------------------------------------------------------------------

TEST_F(DevicesTest, APutWithTheCurrentTagUpdates) {
    for (const std::string_view form : {"\"{}\"", "{}", "W/\"{}\"", "\"*\"", "*"}) {
        const auto before = find("d1") ? find("d1")->identity : create("d1");
        const auto etag = wire::etag_text(before.version);
        const auto reply = put("d1", R"({"deviceId":"d1","status":"disabled"})",
                               if_match(fmt::format(fmt::runtime(form), etag)));
        EXPECT_EQ(reply.status, 200) << form;
        const auto after = find("d1")->identity;
        EXPECT_EQ(reply.header("ETag"), '"' + wire::etag_text(after.version) + '"');
        EXPECT_GT(after.version, before.version);
        EXPECT_EQ(after.status, model::DeviceStatus::disabled);
    }
}

TEST_F(DevicesTest, APutWithAnotherTagChangesNothing) {
    const auto before = create("d1");
    const auto stale = wire::etag_text(before.version + 7);
    expect_error(put("d1", body_of("d1"), if_match('"' + stale + '"')), 412, "PreconditionFailed",
                 fmt::format("Precondition failed: Device version did not match, "
                             "existingVersion:{} newVersion:{}",
                             before.version, before.version + 7));
    for (const auto tag : {"\"\"", "\"nonsense\"", "\"MA==\"", "\"**\""}) {
        EXPECT_EQ(put("d1", body_of("d1"), if_match(tag)).status, 412) << tag;
    }
    EXPECT_EQ(find("d1")->identity, before);
}

TEST_F(DevicesTest, AListOfTagsIsRefused) {
    const auto before = create("d1");
    const auto list = if_match(fmt::format("\"{}\", \"MQ==\"", wire::etag_text(before.version)));
    constexpr auto text = "If-Match must hold one entity tag, or *";
    expect_error(put("d1", body_of("d1"), list), 400, "ArgumentInvalid", text);
    expect_error(call_as_owner("DELETE /devices/d1", {}, list), 400, "ArgumentInvalid", text);
    EXPECT_EQ(find("d1")->identity, before);
}

TEST_F(DevicesTest, APutWithIfMatchNeverCreates) {
    for (const auto tag : {"*", "\"*\"", "\"MQ==\"", "\"nonsense\""}) {
        expect_error(put("d1", body_of("d1"), if_match(tag)), 404, "DeviceNotFound", "d1");
    }
    EXPECT_FALSE(find("d1"));
}

// -- delete --------------------------------------------------------------------------------------

TEST_F(DevicesTest, ADeleteNeedsATag) {
    create("d1");
    expect_error(call_as_owner("DELETE /devices/d1"), 412, "PreconditionFailed", "Etag missing");
    expect_error(call_as_owner("DELETE /devices/none"), 412, "PreconditionFailed", "Etag missing");
    EXPECT_TRUE(find("d1"));
}

TEST_F(DevicesTest, ADeleteWithTheCurrentTagOrAStarDeletes) {
    for (const std::string_view form : {"\"{}\"", "{}", "*", "\"*\""}) {
        const auto etag = wire::etag_text(create("d1").version);
        const auto reply = call_as_owner("DELETE /devices/d1", {},
                                         if_match(fmt::format(fmt::runtime(form), etag)));
        EXPECT_EQ(reply.status, 204) << form;
        EXPECT_EQ(reply.body, "");
        EXPECT_EQ(reply.header("Content-Type"), "(none)");
        EXPECT_EQ(reply.header("Content-Length"), "(none)");
        EXPECT_FALSE(find("d1"));
    }
}

TEST_F(DevicesTest, ADeleteWithAnotherTagDeletesNothing) {
    create("d1");
    for (const auto tag : {"\"MA==\"", "\"nonsense\"", "nonsense"}) {
        expect_error(call_as_owner("DELETE /devices/d1", {}, if_match(tag)), 412,
                     "PreconditionFailed", "PreconditionFailed, ETag may be invalid.");
    }
    EXPECT_TRUE(find("d1"));
    for (const auto tag : {"*", "\"*\"", "\"MA==\""}) {
        expect_error(call_as_owner("DELETE /devices/none", {}, if_match(tag)), 404,
                     "DeviceNotFound", "none");
    }
}

// -- read ----------------------------------------------------------------------------------------

TEST_F(DevicesTest, AGetDescribesTheDevice) {
    const auto device = create("d1");
    ASSERT_TRUE(send("d1", "hello"));
    const auto reply = call_as_owner("GET /devices/d1?api-version=2021-04-12");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(reply.header("ETag"), '"' + wire::etag_text(device.version) + '"');
    EXPECT_EQ(reply.body, wire::to_json(*find("d1")));
    EXPECT_THAT(reply.body, HasSubstr("\"cloudToDeviceMessageCount\":1"));
}

TEST_F(DevicesTest, AGetOfNoDeviceSaysWhichOne) {
    expect_error(call_as_owner("GET /devices/d1"), 404, "DeviceNotFound", "d1");
}

TEST_F(DevicesTest, AListHoldsUpToTopDevicesInTheOrderOfTheirIds) {
    EXPECT_EQ(call_as_owner("GET /devices").body, "[]");
    for (const auto id : {"b", "a", "c"}) create(id);
    const std::vector<model::DeviceDescription> all{*find("a"), *find("b"), *find("c")};
    const std::vector<model::DeviceDescription> two{all[0], all[1]};
    const auto whole = wire::to_json(all);
    EXPECT_EQ(call_as_owner("GET /devices?top=2&api-version=2021-04-12").body, wire::to_json(two));
    EXPECT_EQ(call_as_owner("GET /devices/?TOP=2").body, wire::to_json(two));
    for (const auto query : {"", "?top=1000", "?top=1001", "?top=0", "?top=-1",
                             "?top=99999999999999999999", "?other=1"}) {
        const auto reply = call_as_owner(fmt::format("GET /devices{}", query));
        EXPECT_EQ(reply.status, 200) << query;
        EXPECT_EQ(reply.body, whole) << query;
        EXPECT_EQ(reply.header("ETag"), "(none)");
    }
    for (const auto query : {"?top=", "?top", "?top=two", "?top=1x", "?top=-", "?top=+1"}) {
        expect_error(call_as_owner(fmt::format("GET /devices{}", query)), 400, "ArgumentInvalid",
                     "top must be a whole number");
    }
}

TEST_F(DevicesTest, AListGoesOnWhereTheOneBeforeEnded) {
    for (const auto id : {"a", "b", "c"}) create(id);
    const auto first = call_as_owner("GET /devices?top=2");
    const http::Headers next{{"x-ms-continuation", first.header("x-ms-continuation")}};
    call_as_owner("DELETE /devices/b", {}, if_match("*"));
    const auto second = call_as_owner("GET /devices?top=2", {}, next);
    EXPECT_EQ(second.body, wire::to_json(std::vector<model::DeviceDescription>{*find("c")}));
    EXPECT_EQ(second.header("x-ms-continuation"), "(none)");
    EXPECT_EQ(call_as_owner("GET /devices?top=2").header("x-ms-continuation"), "(none)");
    expect_error(call_as_owner("GET /devices", {}, {{"x-ms-continuation", "x"}}), 400,
                 "ArgumentInvalid", "x-ms-continuation must be what the page before came with");
}

TEST_F(DevicesTest, AListHoldsAThousandDevicesAtMost) {
    for (int i = 0; i <= 1000; ++i) create(fmt::format("d{:04}", i));
    for (const auto query : {"", "?top=1000", "?top=2000"}) {
        const auto devices =
            wire::devices_from_json(call_as_owner(fmt::format("GET /devices{}", query)).body);
        ASSERT_TRUE(devices);
        ASSERT_EQ(devices->size(), 1000u);
        EXPECT_EQ(devices->back().description.identity.id.value(), "d0999");
    }
}

}  // namespace
}  // namespace restante::gateway
