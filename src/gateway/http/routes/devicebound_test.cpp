// A device's queue over HTTP: what devices receive and settle, what services send and purge.

#include "gateway/http/routes/devicebound.hpp"

#include <gmock/gmock.h>

#include "base/timestamp.hpp"
#include "model/limits.hpp"
#include "support/rest_test.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using test::Reply;
using testing::HasSubstr;

class DeviceboundTest : public test::RestTest {
  protected:
    Reply call_as_device(std::string_view line, std::string_view body = {},
                         const http::Headers& headers = {}) {
        return call(line, device_token(device), body, headers);
    }
    Reply receive(const http::Headers& headers = {}, std::string_view query = "") {
        return call_as_device(fmt::format("GET /devices/d1/messages/devicebound{}", query), {},
                              headers);
    }
    /// The lock token of a received message, without its quotes.
    static std::string token(const Reply& reply) {
        const auto etag = reply.header("ETag");
        EXPECT_EQ(etag.size(), 38u) << etag;
        return etag.size() == 38 ? etag.substr(1, 36) : "none";
    }
    Reply settle_with(std::string_view method, const Reply& received, std::string_view rest = "") {
        return call_as_device(
            fmt::format("{} /devices/d1/messages/devicebound/{}{}", method, token(received), rest));
    }
    Reply post(std::string_view body, const http::Headers& headers = {},
               std::string_view path = "/devices/d1/messages/deviceBound") {
        return call(fmt::format("POST {}", path), policy_token("service"), body, headers);
    }
    void pass(Milliseconds time) {
        clock.advance(time);
        hub.advance();
    }
    static void expect_lock_lost(const Reply& reply) {
        EXPECT_EQ(reply.status, 412);
        EXPECT_EQ(reply.header("iothub-errorcode"), "DeviceMessageLockLost");
    }

    const model::DeviceIdentity device = create("d1");
};

// -- who is let in -------------------------------------------------------------------------------

TEST_F(DeviceboundTest, OnlyTheDeviceItselfOrAPolicyForDevicesReceives) {
    const auto other = create("d2");
    const auto disabled = create("d3", model::DeviceStatus::disabled);
    const std::vector<std::tuple<std::string, std::string, std::string>> cases{
        {"d1", "", "neither a token (password, Authorization header)"},
        {"d1", device_token(other), "the signature is not by a key of this device"},
        {"d1", device_token(device, -5s), "expired"},
        {"d1", policy_token("service"), "policy 'service' lacks the right DeviceConnect"},
        {"d1", "nonsense", "does not begin with the word SharedAccessSignature"},
        {"nobody", policy_token("device"), "the hub has no device of this id"},
        {"d3", device_token(disabled), "the device is disabled"},
        {"%2F", device_token(device), "'/' is not allowed in a device id"},
    };
    for (const auto& [id, key, reason] : cases) {
        expect_unauthorized(call(fmt::format("GET /devices/{}/messages/devicebound", id), key));
        EXPECT_THAT(log.of("refused").back(), HasSubstr(reason));
    }
    for (const auto policy : {"device", "iothubowner"}) {
        EXPECT_EQ(call("GET /devices/d1/messages/devicebound", policy_token(policy)).status, 204);
    }
}

TEST_F(DeviceboundTest, OnlyAServiceSendsAndPurges) {
    for (const auto line :
         {"POST /devices/d1/messages/devicebound", "DELETE /devices/d1/commands"}) {
        expect_unauthorized(call(line, ""));
        expect_unauthorized(call(line, device_token(device), "x"));
        expect_unauthorized(call(line, policy_token("device"), "x"));
        expect_unauthorized(call(line, policy_token("registryReadWrite"), "x"));
    }
    EXPECT_EQ(queued("d1"), 0u);
}

TEST_F(DeviceboundTest, APolicysTokenForOneDeviceOpensThatDeviceAlone) {
    create("d11");
    const auto token_for = [this](std::string_view path, std::string_view policy) {
        return auth::SharedAccessSignature::create(
            fmt::format("{}/{}", hostname, path),
            *from_base64(auth::find(policies, policy)->primary_key), in(1h), policy);
    };
    for (const auto* path : {"devices/d1", "devices/d1/messages", "devices"}) {
        EXPECT_EQ(
            call("POST /devices/d1/messages/devicebound", token_for(path, "service"), "x").status,
            204);
    }
    EXPECT_EQ(call("GET /devices/d1", token_for("devices/d1", "registryRead")).status, 200);
    const std::tuple<std::string, std::string, std::string> elsewhere[] = {
        {"POST /devices/d11/messages/devicebound", "devices/d1", "service"},
        {"POST /devices/d1/messages/devicebound", "devices/d11", "service"},
        {"DELETE /devices/d1/commands", "devices/d1/messages", "service"},
        {"POST /devices/query", "devices/d1", "service"},
        {"GET /devices", "devices/d1", "registryRead"},
        {"GET /devices/d11", "devices/d1", "registryRead"},
        {"GET /statistics/devices", "devices", "registryRead"},
        {"PUT /devices/d11", "devices/d1", "registryReadWrite"},
    };
    for (const auto& [line, path, policy] : elsewhere) {
        SCOPED_TRACE(line);
        expect_unauthorized(call(line, token_for(path, policy), "x"));
        EXPECT_THAT(log.of("refused").back(), HasSubstr("audience (sr) does not cover"));
    }
}

TEST_F(DeviceboundTest, TwoAuthorizationHeadersAreNone) {
    for (const auto* line :
         {"GET /devices/d1/messages/devicebound", "DELETE /devices/d1/commands"}) {
        const auto good = policy_token("iothubowner");
        for (const auto& other : {good, std::string("nonsense")}) {
            expect_unauthorized(call(line, good, "", {{"Authorization", other}}));
            expect_unauthorized(call(line, other, "", {{"authorization", good}}));
            EXPECT_THAT(log.of("refused").back(), HasSubstr("more than one Authorization header"));
        }
    }
}

// -- receiving -----------------------------------------------------------------------------------

TEST_F(DeviceboundTest, AMessageIsReceivedWithItsPropertiesAndRawBytes) {
    model::CloudToDeviceMessage message;
    message.message_id = "m1";
    message.content_type = "text/plain";
    message.ack = model::AckRequest::none;
    message.properties = {{"Key", "value"}, {"gr\xC3\xBCn", "\r\nX: y"}};
    message.body = {0, '\r', '\n', 0xFF};
    ASSERT_TRUE(send("d1", message));
    const auto reply = receive();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, std::string("\0\r\n\xFF", 4));
    EXPECT_EQ(reply.header("Content-Type"), "application/octet-stream");
    EXPECT_EQ(reply.header("ContentType"), "text/plain");
    EXPECT_EQ(reply.header("iothub-messageid"), "m1");
    EXPECT_EQ(reply.header("iothub-to"), "/devices/d1/messages/devicebound");
    EXPECT_EQ(reply.header("iothub-ack"), "none");
    EXPECT_EQ(reply.header("iothub-sequencenumber"), "1");
    EXPECT_EQ(reply.header("iothub-deliverycount"), "0");
    EXPECT_EQ(reply.header("iothub-enqueuedtime"), "2026-11-23T00:00:00.0000000Z");
    EXPECT_EQ(reply.header("iothub-app-Key"), "value");
    EXPECT_EQ(reply.header("iothub-app-gr%C3%BCn"), "%0D%0AX: y");
    EXPECT_EQ(reply.header("restante-percent-encoded"), "iothub-app-gr%C3%BCn");
    EXPECT_EQ(reply.header("X"), "(none)");
    EXPECT_EQ(token(reply).size(), 36u);
}

TEST_F(DeviceboundTest, AnEmptyQueueIsNoContent) {
    const auto reply = receive();
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("ETag"), "(none)");
    EXPECT_EQ(reply.header("Content-Type"), "(none)");
}

TEST_F(DeviceboundTest, MessagesComeOneByOneAndEachOnlyOnce) {
    for (const auto body : {"first", "second"}) ASSERT_TRUE(send("d1", body));
    EXPECT_EQ(receive().body, "first");
    EXPECT_EQ(receive().body, "second");
    EXPECT_EQ(receive().status, 204) << "both are locked";
    EXPECT_EQ(queued("d1"), 2u);
}

TEST_F(DeviceboundTest, AnEmptyBodyIsAMessage) {
    ASSERT_TRUE(send("d1", ""));
    const auto reply = receive();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Length"), "0");
}

TEST_F(DeviceboundTest, ALockEndsAfterAMinuteAndItsTokenWithIt) {
    ASSERT_TRUE(send("d1", "hello"));
    const auto first = receive();
    pass(59s);
    EXPECT_EQ(receive().status, 204);
    pass(1s);
    const auto second = receive();
    EXPECT_EQ(second.body, "hello");
    EXPECT_EQ(second.header("iothub-deliverycount"), "0") << "only an abandon counts";
    expect_lock_lost(settle_with("DELETE", first));
    EXPECT_EQ(settle_with("DELETE", second).status, 204);
}

TEST_F(DeviceboundTest, AReceiverMayAskForAnotherLockTime) {
    const std::vector<std::pair<http::Headers, std::string>> spellings{
        {{}, "?api-version=2021-04-12&iothub-messagelocktimeout=180"},
        {{{"IotHub-MessageLockTimeout", "180"}}, ""},
        {{{"iothub-messagelocktimeout", "1"}}, "?IOTHUB-MessageLockTimeout=180"},
    };
    for (const auto& [headers, query] : spellings) {
        ASSERT_TRUE(send("d1", "hello"));
        EXPECT_EQ(receive(headers, query).status, 200);
        pass(179s);
        EXPECT_EQ(receive().status, 204);
        pass(1s);
        EXPECT_EQ(settle_with("DELETE", receive()).status, 204);
    }
}

TEST_F(DeviceboundTest, ALockTimeThatIsNoneLocksNothing) {
    ASSERT_TRUE(send("d1", "hello"));
    for (const auto bad : {"", "0", "301", "-1", "1.5", "60s", "99999999999999999999"}) {
        for (const auto& reply : {receive({{"iothub-messagelocktimeout", bad}}),
                                  receive({}, fmt::format("?iothub-messagelocktimeout={}", bad))}) {
            expect_error(reply, 400, "ArgumentInvalid",
                         "iothub-messagelocktimeout must be a whole number of seconds from 1 to "
                         "300");
        }
    }
    EXPECT_EQ(receive().status, 200);
}

// -- settling ------------------------------------------------------------------------------------

TEST_F(DeviceboundTest, CompletingEndsAMessage) {
    ASSERT_TRUE(send("d1", "hello"));
    const auto received = receive();
    const auto reply = settle_with("DELETE", received, "?api-version=2021-04-12");
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(queued("d1"), 0u);
    expect_lock_lost(settle_with("DELETE", received));
}

TEST_F(DeviceboundTest, EverySpellingOfRejectRejects) {
    for (const auto query : {"?api-version=2021-04-12&reject", "?reject=", "?reject=true",
                             "?api-version=2021-04-12&%3Freject=true"}) {
        ASSERT_EQ(post("hello", {{"iothub-ack", "full"}}).status, 204);
        EXPECT_EQ(settle_with("DELETE", receive(), query).status, 204) << query;
        EXPECT_EQ(queued("d1"), 0u);
        pass(15s);
        const auto told = call("GET /messages/servicebound/feedback", policy_token("service"));
        EXPECT_THAT(told.body, HasSubstr(R"("statusCode":"Rejected")")) << query;
    }
}

TEST_F(DeviceboundTest, AbandoningReturnsAMessageToItsPlace) {
    for (const auto body : {"first", "second"}) ASSERT_TRUE(send("d1", body));
    const auto first = receive();
    EXPECT_EQ(settle_with("POST", first, "/abandon?api-version=2021-04-12").status, 204);
    const auto again = receive();
    EXPECT_EQ(again.body, "first");
    EXPECT_EQ(again.header("iothub-deliverycount"), "1");
    EXPECT_NE(token(again), token(first));
    expect_lock_lost(settle_with("POST", first, "/abandon"));
}

TEST_F(DeviceboundTest, IfMatchIsIgnored) {
    ASSERT_TRUE(send("d1", "hello"));
    const auto line = fmt::format("DELETE /devices/d1/messages/devicebound/{}", token(receive()));
    EXPECT_EQ(call_as_device(line, {}, {{"If-Match", "\"another\""}}).status, 204);
}

TEST_F(DeviceboundTest, WhatIsNoTokenHoldsNoLock) {
    for (const std::string_view bad : {"x", "%22%22", "00000000-0000-0000-0000-000000000000"}) {
        const auto path = fmt::format("/devices/d1/messages/devicebound/{}", bad);
        expect_lock_lost(call_as_device(fmt::format("DELETE {}", path)));
        expect_lock_lost(call_as_device(fmt::format("DELETE {}?reject", path)));
        expect_lock_lost(call_as_device(fmt::format("POST {}/abandon", path)));
    }
}

TEST_F(DeviceboundTest, ATokenSettlesNoMessageOfAnotherDevice) {
    const auto other = create("d2");
    ASSERT_TRUE(send("d1", "hello"));
    ASSERT_TRUE(send("d2", "hello"));
    const auto theirs = call("GET /devices/d2/messages/devicebound", device_token(other));
    expect_lock_lost(settle_with("DELETE", theirs));
    EXPECT_EQ(queued("d2"), 1u);
}

// -- sending -------------------------------------------------------------------------------------

TEST_F(DeviceboundTest, WhatAServiceSendsADeviceReceives) {
    const auto expiry = unix_seconds(in(30min));
    const auto reply = post("hello", {{"iothub-messageid", "m1"},
                                      {"iothub-correlationid", "c1"},
                                      {"iothub-to", "/devices/d1/messages/deviceBound"},
                                      {"iothub-ack", "positive"},
                                      {"iothub-expiry", fmt::to_string(expiry)},
                                      {"ContentType", "application/json"},
                                      {"ContentEncoding", "utf-8"},
                                      {"Content-Type", "application/x-www-form-urlencoded"},
                                      {"iothub-app-Key", "a value"}});
    EXPECT_EQ(reply.status, 204);
    const auto received = receive();
    EXPECT_EQ(received.body, "hello");
    EXPECT_EQ(received.header("iothub-messageid"), "m1");
    EXPECT_EQ(received.header("iothub-correlationid"), "c1");
    EXPECT_EQ(received.header("iothub-to"), "/devices/d1/messages/deviceBound");
    EXPECT_EQ(received.header("iothub-ack"), "positive");
    EXPECT_EQ(received.header("iothub-expiry"), "2026-11-23T00:30:00.0000000Z");
    EXPECT_EQ(received.header("ContentType"), "application/json");
    EXPECT_EQ(received.header("ContentEncoding"), "utf-8");
    EXPECT_EQ(received.header("iothub-app-Key"), "a value");
}

TEST_F(DeviceboundTest, ASendThatCannotBeIsRefusedInTheServicesWords) {
    expect_error(post("x", {}, "/devices/nobody/messages/devicebound"), 404, "DeviceNotFound",
                 "nobody");
    create("d3", model::DeviceStatus::disabled);
    expect_error(post("x", {}, "/devices/d3/messages/devicebound"), 404, "DeviceNotFound", "d3");
    EXPECT_EQ(
        post(std::string(model::limits::message_bytes_max + 1, 'x')).header("iothub-errorcode"),
        "MessageTooLarge");
    EXPECT_EQ(post("x", {{"iothub-expiry", "2026-11-26"}}).header("iothub-errorcode"),
              "ArgumentInvalid");
    const auto late = post("x", {{"iothub-expiry", "2026-11-26T00:00:00Z"}});
    EXPECT_EQ(late.status, 403);
    EXPECT_EQ(late.header("iothub-errorcode"), "InvalidMessageExpiryTime");
    EXPECT_EQ(post("x", {{"iothub-ack", "maybe"}}).status, 400);
    for (std::size_t i = 0; i < model::limits::queue_depth_max; ++i) {
        ASSERT_EQ(post(i % 2 ? "x" : "").status, 204);
    }
    expect_error(post("x"), 403, "DeviceMaximumQueueDepthExceeded",
                 "C2D messages enqueued for the device exceeded the queue limit of 50,  see more "
                 "at http://aka.ms/iothub403004");
}

// -- purging -------------------------------------------------------------------------------------

TEST_F(DeviceboundTest, APurgeEndsWhatWaitsAndWhatIsLocked) {
    const auto purge = [&] {
        return call("DELETE /devices/d1/commands?api-version=2021-04-12", policy_token("service"));
    };
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(send("d1", "hello"));
    const auto locked = receive();
    const auto reply = purge();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
    EXPECT_EQ(reply.body, R"({"totalMessagesPurged":3,"deviceId":"d1","moduleId":null})");
    EXPECT_EQ(queued("d1"), 0u);
    expect_lock_lost(settle_with("DELETE", locked));
    EXPECT_EQ(purge().body, R"({"totalMessagesPurged":0,"deviceId":"d1","moduleId":null})");
    expect_error(call("DELETE /devices/d2/commands", policy_token("service")), 404,
                 "DeviceNotFound", "d2");
}

}  // namespace
}  // namespace restante::gateway
