#include "wire/error_table.hpp"

#include <gmock/gmock.h>

#include "base/timestamp.hpp"

namespace restante::wire {
namespace {

using ::testing::HasSubstr;

Tracking tracking() {
    return {.id = *Uuid::parse("987573ab-9433-4e77-a1cd-0beb671a71c4"),
            .at = from_unix_milliseconds(1595686465172)};
}

constexpr auto last_code = ErrorCode::storage_failed;

TEST(ErrorTable, HasEveryErrorThatReachesAClient) {
    for (auto i = 0; i <= static_cast<int>(last_code); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        const ErrorRow& row = error_row(code);
        if (code < ErrorCode::malformed) {
            EXPECT_EQ(row.code, code) << row.name;
            EXPECT_EQ(error_code_from_name(row.name), code);
            EXPECT_EQ(error_code_from_number(row.number), code);
        }
        EXPECT_EQ(row.number / 1000, row.http_status) << row.name;
        EXPECT_TRUE(error_code_from_condition(row.condition)) << row.condition;
    }
}

TEST(ErrorTable, ShowsTheHubsOwnConcernsAsServerError) {
    for (const auto code : {ErrorCode::storage_failed, ErrorCode::cancelled,
                            ErrorCode::connection_dropped, ErrorCode::tls_failed}) {
        EXPECT_EQ(error_row(code).name, "ServerError");
    }
}

TEST(ErrorTable, ReadsAConditionAsTheSdksDo) {
    EXPECT_EQ(error_code_from_condition("amqp:not-found"), ErrorCode::device_not_found);
    EXPECT_EQ(error_code_from_condition("amqp:not-allowed"), ErrorCode::invalid_operation);
    EXPECT_EQ(error_code_from_condition("amqp:resource-limit-exceeded"),
              ErrorCode::device_maximum_queue_depth_exceeded);
    EXPECT_EQ(error_code_from_condition("com.microsoft:argument-error"),
              ErrorCode::argument_invalid);
    EXPECT_EQ(error_code_from_condition("com.microsoft:argument-out-of-range"),
              ErrorCode::argument_invalid);
    EXPECT_EQ(error_code_from_condition("amqp:internal-error"), ErrorCode::server_error);
    EXPECT_EQ(error_code_from_condition("com.microsoft:quota-exceeded"), ErrorCode::quota_exceeded);
    EXPECT_EQ(error_code_from_condition("com.microsoft:iot-hub-suspended"),
              ErrorCode::service_unavailable);
    EXPECT_EQ(error_code_from_condition("com.microsoft:iot-hub-not-found-error"),
              ErrorCode::unauthorized);
    EXPECT_EQ(error_code_from_condition("com.microsoft:link-creation-conflict"),
              ErrorCode::connection_replaced);
    EXPECT_EQ(error_code_from_condition("amqp:link:detach-forced"), ErrorCode::service_unavailable);
    EXPECT_EQ(error_code_from_condition("amqp:session:window-violation"),
              ErrorCode::connection_dropped);
    EXPECT_EQ(error_code_from_condition("amqp:unheard-of"), std::nullopt);
    EXPECT_EQ(error_code_from_condition(""), std::nullopt);
}

TEST(TrackingId, IsWrittenAsTheServicesGatewaysWriteIt) {
    EXPECT_EQ(tracking().text(),
              "987573AB94334E77A1CD0BEB671A71C4-G2:-TimeStamp:2020-07-25T14:14:25.1720000Z");
}

TEST(HttpErrorBody, IsReadByTheNodeAndTheCsharpClient) {
    EXPECT_EQ(
        http_error_body(
            {ErrorCode::device_already_exists, "A device with ID 'dev1' is already registered."},
            tracking()),
        R"({"Message":"ErrorCode:DeviceAlreadyExists;A device with ID 'dev1' is already )"
        R"(registered.","ExceptionMessage":"Tracking ID:987573AB94334E77A1CD0BEB671A71C4-G2:-)"
        R"(TimeStamp:2020-07-25T14:14:25.1720000Z"})");
}

TEST(HttpErrorBody, StaysJsonWhateverTheErrorQuotes) {
    const Error error{ErrorCode::argument_invalid, "'\xff\"\n\xC3\xBC\x82 x' is no time"};
    const std::string body = http_error_body(error, tracking());
    EXPECT_THAT(body, HasSubstr("'?\\\"\\n\xC3\xBC? x' is no time"));
    EXPECT_EQ(http_error(400, "", body).message, "'?\"\n\xC3\xBC? x' is no time");
}

TEST(AmqpErrorDescription, IsJsonWithTheNumber) {
    EXPECT_EQ(amqp_error_description({ErrorCode::unauthorized, "Unauthorized access"}, tracking()),
              R"({"errorCode":401002,"message":"Unauthorized access","trackingId":)"
              R"("987573AB94334E77A1CD0BEB671A71C4-G2:-TimeStamp:2020-07-25T14:14:25.1720000Z",)"
              R"("timestampUtc":"2020-07-25T14:14:25.1720000Z","info":null})");
}

TEST(AmqpErrorDescription, IsTheErrorsOwnTextForAFullQueue) {
    const std::string text =
        "C2D messages enqueued for the device exceeded the queue limit of 7,  see more at "
        "http://aka.ms/iothub403004";
    EXPECT_EQ(
        amqp_error_description({ErrorCode::device_maximum_queue_depth_exceeded, text}, tracking()),
        text);
}

TEST(SendError, HidesWhetherADeviceIsDisabledOrAbsent) {
    const auto device = *model::DeviceId::parse("d1");
    const Error expected{ErrorCode::device_not_found, "d1"};
    EXPECT_EQ(as_send_error({ErrorCode::device_disabled, "it is"}, device), expected);
    EXPECT_EQ(as_send_error({ErrorCode::device_not_found, "it is not"}, device), expected);
    const Error other{ErrorCode::message_too_large, "text"};
    EXPECT_EQ(as_send_error(other, device), other);
}

HubError said(ErrorCode code, std::string text, std::uint32_t number) {
    return {Error(code, std::move(text)), number};
}

TEST(HttpError, IsReadFromEveryShapeOfBody) {
    const HubError not_found = said(ErrorCode::device_not_found, "sensor-thl-002", 404001);
    EXPECT_EQ(http_error(404, "DeviceNotFound",
                         R"({"Message":"ErrorCode:DeviceNotFound;sensor-thl-002",)"
                         R"("ExceptionMessage":"Tracking ID:x"})"),
              not_found);
    EXPECT_EQ(http_error(404, "",
                         R"({"Message":"ErrorCode:DeviceNotFound;sensor-thl-002",)"
                         R"("ExceptionMessage":""})"),
              not_found);
    EXPECT_EQ(http_error(404, "",
                         R"({"Message":"{\"errorCode\":404001,\"message\":\"sensor-thl-002\"}",)"
                         R"("ExceptionMessage":""})"),
              not_found);
    EXPECT_EQ(http_error(404, "", R"({"errorCode":404001,"message":"sensor-thl-002"})"), not_found);
}

TEST(HttpError, KeepsTheNameAndNumberOfWhatThisHubNeverSays) {
    const HubError expected = said(ErrorCode::throttled, "JobQuotaExceeded (403003): text", 403003);
    EXPECT_EQ(http_error(403, "JobQuotaExceeded",
                         R"({"Message":"ErrorCode:JobQuotaExceeded;text","ExceptionMessage":""})"),
              expected);
    EXPECT_EQ(http_error(403, "", R"({"errorCode":403003,"message":"text"})"), expected);
    EXPECT_EQ(http_error(403, "JobQuotaExceeded", "").message,
              "JobQuotaExceeded (403003): the hub answered 403");
    EXPECT_EQ(amqp_error("amqp:not-found", R"({"errorCode":404103,"message":"text"})"),
              said(ErrorCode::timeout, "DeviceNotOnline (404103): text", 404103));
}

TEST(HttpError, FallsBackToTheStatus) {
    EXPECT_EQ(http_error(412, "", "no JSON"),
              said(ErrorCode::precondition_failed, "the hub answered 412", 412001));
    EXPECT_EQ(http_error(502, "", "").code, ErrorCode::service_unavailable);
    EXPECT_EQ(http_error(501, "", "").code, ErrorCode::server_error);
    EXPECT_EQ(http_error(418, "", "[]").code, ErrorCode::argument_invalid);
    EXPECT_EQ(http_error(200, "", ""), said(ErrorCode::protocol_error, "the hub answered 200", 0));
    EXPECT_EQ(http_error(500, "", R"({"errorCode":-1,"message":1})").code, ErrorCode::server_error);
}

TEST(AmqpError, IsReadFromItsDescriptionOrItsCondition) {
    EXPECT_EQ(
        amqp_error("amqp:not-found", R"({"errorCode":404001,"trackingId":"x","message":"d1"})"),
        said(ErrorCode::device_not_found, "d1", 404001));
    EXPECT_EQ(
        amqp_error("amqp:resource-limit-exceeded", "C2D messages enqueued"),
        said(ErrorCode::device_maximum_queue_depth_exceeded, "C2D messages enqueued", 403004));
    EXPECT_EQ(amqp_error("amqp:connection:forced", "bye"),
              said(ErrorCode::connection_dropped, "bye", 0));
    EXPECT_EQ(amqp_error("com.microsoft:message-lock-lost", ""),
              said(ErrorCode::device_message_lock_lost,
                   "the hub answered com.microsoft:message-lock-lost", 412002));
    EXPECT_EQ(amqp_error("x", "y"), said(ErrorCode::server_error, "y", 500001));
}

TEST(ErrorTable, TheFlatBodyHasTheNumberAndWhatAnOperatorAsksFor) {
    EXPECT_EQ(flat_error_body(Error(ErrorCode::device_not_found, "d\xFF"), tracking()),
              R"({"errorCode":404001,"message":"d?",)"
              R"("trackingId":"987573AB94334E77A1CD0BEB671A71C4-G2:-TimeStamp:)"
              R"(2020-07-25T14:14:25.1720000Z","timestampUtc":"2020-07-25T14:14:25.1720000Z"})");
}

}  // namespace
}  // namespace restante::wire
