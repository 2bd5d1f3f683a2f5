// What all requests have in common: who is let in, how a request finds its operation, how a
// connection carries many.

#include "gateway/http/http_session.hpp"

#include <gmock/gmock.h>

#include "support/rest_test.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using test::Reply;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class HttpSessionTest : public test::RestTest {
  protected:
    std::string refusal() const {
        const auto lines = log.of("refused");
        return lines.empty() ? "(none)" : lines.back();
    }
};

// -- who is let in -------------------------------------------------------------------------------

TEST_F(HttpSessionTest, ARequestWithoutATokenIsAnsweredInTheServicesWords) {
    Client client(*this);
    client.harness.receive(request("GET /devices/d1?api-version=2021-04-12", ""));
    const std::string text = client.harness.take_text();
    const auto id = text.substr(text.find("x-ms-request-id: ") + 17, 36);
    std::string tracking;
    for (const char c : id) {
        if (c != '-') tracking += static_cast<char>(std::toupper(c));
    }
    EXPECT_EQ(text,
              "HTTP/1.1 401 Unauthorized\r\n"
              "iothub-errorcode: IotHubUnauthorizedAccess\r\n"
              "Content-Type: application/json; charset=utf-8\r\n"
              "Date: Mon, 23 Nov 2026 00:00:00 GMT\r\n"
              "Cache-Control: no-store\r\n"
              "x-ms-request-id: " +
                  id +
                  "\r\n"
                  "Content-Length: 170\r\n"
                  "\r\n"
                  "{\"Message\":\"ErrorCode:IotHubUnauthorizedAccess;Unauthorized\","
                  "\"ExceptionMessage\":\"Tracking ID:" +
                  tracking + "-G2:-TimeStamp:2026-11-23T00:00:00.0000000Z\"}");
    EXPECT_THAT(refusal(), HasSubstr("level=warning event=refused protocol=https "
                                     "peer=192.0.2.7:40112 who=\"\" "
                                     "reason=\"the Authorization header is missing (GET "
                                     "/devices/d1, request id " +
                                     id + ")\""));
}

TEST_F(HttpSessionTest, EveryBadTokenIsToldNoMoreThanUnauthorized) {
    create("d1");
    const auto other = auth::make_default_policies();
    const std::string by_another_key = auth::SharedAccessSignature::create(
        hostname, *from_base64(auth::find(other, "iothubowner")->primary_key), in(1h),
        "iothubowner");
    const std::string unknown_policy = auth::SharedAccessSignature::create(
        hostname, *from_base64(policies[0].primary_key), in(1h), "nobodys");
    const std::string other_path = auth::SharedAccessSignature::create(
        fmt::format("{}/devices/d2", hostname), *from_base64(policies[0].primary_key), in(1h),
        "iothubowner");
    const std::vector<std::pair<std::string, std::string>> cases{
        {by_another_key, "the signature is not by a key of policy 'iothubowner'"},
        {unknown_policy, "the hub has no policy 'nobodys'"},
        {policy_token("iothubowner", -5s), "expired"},
        {other_path, "the token's audience (sr) does not cover what it is used for"},
        {"Bearer x.y.z", "does not begin with the word SharedAccessSignature"},
        {"SharedAccessSignature sr=hub.example", "field sig is missing"},
    };
    for (const auto& [token, reason] : cases) {
        expect_unauthorized(call("GET /devices/d1", token));
        EXPECT_THAT(refusal(), HasSubstr(reason));
    }
}

TEST_F(HttpSessionTest, AClientIsAStrangerUntilOneOfItsRequestsIsLetIn) {
    const auto d1 = create("d1");
    for (const auto& [line, token] :
         {std::pair{"GET /devices/d1?api-version=2021-04-12", policy_token("iothubowner")},
          std::pair{"GET /devices/d1/messages/devicebound?api-version=2021-04-12",
                    device_token(d1)}}) {
        Client client(*this);
        client.harness.receive(request(line, ""));
        EXPECT_EQ(client.read().status, 401);
        EXPECT_FALSE(client.harness.proved());
        client.harness.receive(request(line, token));
        EXPECT_LT(client.read().status, 300);
        EXPECT_TRUE(client.harness.proved());
        client.harness.receive(request(line, ""));
        EXPECT_EQ(client.read().status, 401);
        EXPECT_TRUE(client.harness.proved());
    }
}

TEST_F(HttpSessionTest, EitherKeyOfAPolicyOpens) {
    create("d1");
    const auto by_secondary = auth::SharedAccessSignature::create(
        hostname, *from_base64(auth::find(policies, "registryRead")->secondary_key), in(1h),
        "registryRead");
    EXPECT_EQ(call("GET /devices/d1", by_secondary).status, 200);
    EXPECT_EQ(call("GET /devices/d1", policy_token("registryRead")).status, 200);
}

TEST_F(HttpSessionTest, ADevicesOwnTokenDoesNotOpenTheRegistry) {
    const auto device = create("d1");
    for (const auto line : {"GET /devices/d1", "DELETE /devices/d1", "GET /devices", "GET /"}) {
        expect_unauthorized(call(line, device_token(device), {}, {{"If-Match", "*"}}));
        EXPECT_THAT(refusal(), HasSubstr("who=devices/d1 reason=\"the token names no policy"));
    }
    EXPECT_TRUE(find("d1"));
}

TEST_F(HttpSessionTest, AMissingRightIsNamedInTheLogOnly) {
    create("d1");
    const std::vector<std::tuple<std::string, std::string, std::string>> cases{
        {"GET /devices/d1", "service", "RegistryRead"},
        {"GET /devices", "device", "RegistryRead"},
        {"PUT /devices/d2", "registryRead", "RegistryWrite"},
        {"DELETE /devices/d1", "registryRead", "RegistryWrite"},
    };
    for (const auto& [line, policy, right] : cases) {
        expect_unauthorized(call(line, policy_token(policy), {}, {{"If-Match", "*"}}));
        EXPECT_THAT(refusal(), HasSubstr(fmt::format(
                                   "who={} reason=\"the policy lacks the right {} ({}, request id ",
                                   policy, right, line)));
    }
    EXPECT_TRUE(find("d1"));
    EXPECT_FALSE(find("d2"));
}

TEST_F(HttpSessionTest, NothingSecretIsLogged) {
    const auto token = policy_token("service");
    const auto body = R"({"deviceId":"d1","authentication":{"symmetricKey":)"
                      R"({"primaryKey":"c2VjcmV0","secondaryKey":"c2VjcmV0"}}})";
    call("GET /devices/d1?sig=hidden", token);
    call("PUT /devices/d1?sig=hidden", policy_token("iothubowner"), body);
    EXPECT_THAT(log.of("refused"), ElementsAre(Not(HasSubstr("hidden"))));
    EXPECT_THAT(log.of("request_failed"), ElementsAre(HasSubstr("code=ArgumentInvalid")));
    const auto sig = token.substr(token.find("sig=") + 4, 20);
    for (const std::string& secret : {sig, std::string("hidden"), std::string("c2VjcmV0")}) {
        EXPECT_THAT(log.text(), Not(HasSubstr(secret)));
    }
}

// -- how a request finds its operation -----------------------------------------------------------

TEST_F(HttpSessionTest, AnUnknownResourceIsNotFoundButOnlyForHoldersOfAPolicy) {
    for (const auto path : {"/", "/nothing", "/devices/d1/nothing", "//devices", "/devices//d1",
                            "/devices//", "/devices%2Fd1"}) {
        const auto line = fmt::format("GET {}", path);
        expect_unauthorized(call(line, ""));
        expect_error(call_as_owner(line), 404, "GenericNotFound", "this hub has no such resource");
    }
}

TEST_F(HttpSessionTest, AWrongMethodIsToldTheRightOnes) {
    for (const auto method : {"POST", "PATCH", "get"}) {
        expect_unauthorized(call(fmt::format("{} /devices/d1", method), ""));
    }
    const auto one = call_as_owner("POST /devices/d1");
    expect_error(one, 405, "GenericMethodNotAllowed", "this resource has no such method");
    EXPECT_EQ(one.header("Allow"), "GET, PUT, DELETE");
    EXPECT_EQ(call_as_owner("DELETE /devices/").header("Allow"), "GET, POST");
}

TEST_F(HttpSessionTest, PathWordsMatchInAnyCaseWithOrWithoutASlashAtTheEnd) {
    create("d1");
    for (const auto line : {"GET /devices/d1", "GET /Devices/d1/", "GET /DEVICES/d1?x",
                            "GET /%64evices/d1?api-version=1900-01-01"}) {
        EXPECT_EQ(call_as_owner(line).status, 200) << line;
    }
    EXPECT_EQ(call_as_owner("GET /devices/D1").status, 404) << "ids keep their case";
}

TEST_F(HttpSessionTest, AFailedRequestCanBeFoundInTheLogByTheIdItsClientSaw) {
    const auto reply = call_as_owner("GET /devices/d1?top=1");
    EXPECT_THAT(
        log.of("request_failed"),
        ElementsAre(HasSubstr("level=info event=request_failed protocol=https peer=192.0.2.7:40112 "
                              "request=\"GET /devices/d1\" id=" +
                              reply.header("x-ms-request-id") + " code=DeviceNotFound reason=d1")));
}

// -- how a connection carries requests -----------------------------------------------------------

TEST_F(HttpSessionTest, PipelinedRequestsAreAnsweredInTheirOrder) {
    create("d1");
    Client client(*this);
    const auto token = policy_token("iothubowner");
    client.harness.receive(request("GET /devices/d1", token) + request("GET /devices/d1", "") +
                           request("GET /devices/d2", token) +
                           request("DELETE /devices/d1", token, {}, {{"If-Match", "*"}}) +
                           request("GET /devices/d1", token) + request("GET /nothing", token));
    std::vector<int> statuses;
    std::vector<std::string> ids;
    for (int i = 0; i < 6; ++i) {
        const auto reply = client.read();
        statuses.push_back(reply.status);
        ids.push_back(reply.header("x-ms-request-id"));
    }
    EXPECT_THAT(statuses, ElementsAre(200, 401, 404, 204, 404, 404));
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end()) << "each request has its own id";
    EXPECT_FALSE(client.harness.ended());
}

TEST_F(HttpSessionTest, ManySmallRequestsBehindASlowOneAreAllAnswered) {
    Client client(*this);
    constexpr int behind = 5000;
    std::string requests = request("GET /devices/d1", policy_token("iothubowner"));
    for (int i = 0; i < behind; ++i) requests += request("GET /", "");
    client.harness.receive(requests);
    EXPECT_EQ(client.read().status, 404);
    const std::string rest = client.harness.take_text();
    int refused = 0;
    for (auto at = rest.find("HTTP/1.1 401 "); at != std::string::npos;
         at = rest.find("HTTP/1.1 401 ", at + 1)) {
        ++refused;
    }
    EXPECT_EQ(refused, behind);
}

TEST_F(HttpSessionTest, ARequestInPiecesIsOneRequest) {
    create("d1");
    Client client(*this);
    for (const char byte : request("GET /devices/d1", policy_token("iothubowner"))) {
        client.harness.receive(std::string_view(&byte, 1));
    }
    EXPECT_EQ(client.read().status, 200);
}

TEST_F(HttpSessionTest, AClientThatAsksForItIsClosedAfterItsAnswer) {
    Client client(*this);
    client.harness.receive(
        request("GET /devices/d1", policy_token("iothubowner"), {}, {{"Connection", "close"}}));
    const auto reply = client.read();
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_TRUE(client.harness.ended());
}

TEST_F(HttpSessionTest, AClientThatLeavesBeforeTheAnswerIsForgotten) {
    const auto body = R"({"deviceId":"d1"})";
    Client client(*this);
    client.harness.receive(request("PUT /devices/d1", policy_token("iothubowner"), body));
    client.harness.drop();
    settle({&client.harness});
    EXPECT_EQ(client.harness.take_text(), "");
    EXPECT_TRUE(find("d1")) << "what it asked for is done all the same";
}

TEST_F(HttpSessionTest, BrokenHttpIsRefusedAndLogged) {
    Client client(*this);
    client.harness.receive("hello\r\n\r\n");
    EXPECT_TRUE(client.harness.ended());
    EXPECT_THAT(client.harness.take_text(), HasSubstr("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(refusal(), HasSubstr("protocol=https peer=192.0.2.7:40112 who=\"\" reason="
                                     "\"the request line needs a method, a target and a version"));
}

TEST_F(HttpSessionTest, ASilentConnectionIsClosedAndAHalfRequestIsToldWhy) {
    Client silent(*this);
    Client half(*this);
    half.harness.receive("GET /devices HTTP/1.1\r\n");
    clock.advance(http::head_timeout_default);
    silent.harness.advance();
    half.harness.advance();
    EXPECT_TRUE(silent.harness.ended());
    EXPECT_TRUE(half.harness.ended());
    EXPECT_EQ(silent.harness.take_text(), "");
    EXPECT_THAT(half.harness.take_text(), HasSubstr("HTTP/1.1 408 "));
    EXPECT_THAT(log.of("refused"), ElementsAre(HasSubstr("the headers did not arrive in time")));
}

}  // namespace
}  // namespace restante::gateway
