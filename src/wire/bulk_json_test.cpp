#include "wire/bulk_json.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/etag.hpp"
#include "wire/query_json.hpp"

namespace restante::wire {
namespace {

using model::ImportMode;
using testing::HasSubstr;

Result<model::RegistryWrite> read(std::string_view members) {
    const auto entries = bulk_from_json(fmt::format(R"([{{"id":"d"{}}}])", members));
    return entries ? entries->front().write : std::unexpected(entries.error());
}

TEST(BulkJson, ReadsEachModeInTheSpellingsOfTheClients) {
    EXPECT_EQ(read("")->mode, ImportMode::create);
    EXPECT_EQ(read(R"(,"importMode":"Update")")->mode, ImportMode::update);
    EXPECT_EQ(read(R"(,"importMode":"createOrUpdate")")->mode, ImportMode::create_or_update);
    EXPECT_EQ(read(R"(,"importMode":"delete")")->mode, ImportMode::remove);
    const auto any = read(R"(,"importMode":"deleteIfMatchEtag","eTag":"*")");
    EXPECT_EQ(any->mode, ImportMode::remove_if_match_etag);
    EXPECT_EQ(any->version, std::nullopt);
    EXPECT_EQ(read(R"(,"importMode":"UpdateIfMatchETag","eTag":"MTI=")")->version, 12u);
    EXPECT_EQ(read(R"(,"importMode":"UpdateIfMatchETag","etag":"MTI=")")->version, 12u);
    EXPECT_EQ(read(R"(,"importMode":"updateIfMatchETag","eTag":"AAAA")")->version, 0u);
    EXPECT_EQ(read(R"(,"importMode":"updateIfMatchETag")").error().code,
              ErrorCode::precondition_failed);
    EXPECT_THAT(read(R"(,"importMode":"updateTwin")").error().message, HasSubstr("no twins"));
    EXPECT_EQ(read(R"(,"importMode":"magic")").error().code, ErrorCode::argument_invalid);
}

TEST(BulkJson, RefusesARequestThatIsNone) {
    const auto code = [](std::string_view body) { return bulk_from_json(body).error().code; };
    for (const char* body : {"", "{}", "[]", "[1]", "[{}]", R"([{"id":1}])", R"([{"id":""}])"}) {
        EXPECT_EQ(code(body), ErrorCode::argument_invalid) << body;
    }
    EXPECT_EQ(
        bulk_from_json(R"([{"id":"d","moduleId":"a"},{"id":"d","moduleId":"b"}])").error(),
        Error(ErrorCode::device_defined_multiple_times, "DeviceDefinedMultipleTimes, device ID d"));
    std::string many = "[";
    for (int i = 0; i < 101; ++i) many += fmt::format("{}{{\"id\":\"d{}\"}}", i > 0 ? "," : "", i);
    EXPECT_EQ(code(many + "]"), ErrorCode::too_many_devices);
}

TEST(BulkJson, AnEntryThatIsWrongIsItsOwnFault) {
    const auto entries = bulk_from_json(
        R"([{"id":"a b"},{"id":"c","status":1},{"id":"d","moduleId":"m m"},{"id":"e"}])");
    ASSERT_TRUE(entries);
    EXPECT_FALSE((*entries)[0].write);
    EXPECT_EQ((*entries)[1].write.error().message, "status must be a string");
    EXPECT_FALSE((*entries)[2].write);
    EXPECT_TRUE((*entries)[3].write);
}

TEST(BulkJson, AResultIsReadAsItIsWritten) {
    EXPECT_EQ(bulk_result_json({}), R"({"isSuccessful":true,"errors":[],"warnings":[]})");
    const std::vector<BulkFailure> failures{
        {.device_id = "d", .module_id = "", .error = Error(ErrorCode::device_already_exists, "x")},
        {.device_id = "d", .module_id = "m", .error = Error(ErrorCode::module_not_found, "m")}};
    const auto json = bulk_result_json(failures);
    EXPECT_THAT(json, HasSubstr(R"({"isSuccessful":false,"errors":[{"deviceId":"d",)"
                                R"("moduleId":null,"errorCode":"DeviceAlreadyExists",)"
                                R"("errorStatus":"x","operation":null})"));
    EXPECT_EQ(bulk_result_from_json(json), failures);
    EXPECT_EQ(bulk_result_from_json(bulk_result_json({})), std::vector<BulkFailure>{});
    for (const char* body : {"", "[]", "{}", R"({"isSuccessful":false})", R"({"errors":1})"}) {
        EXPECT_EQ(bulk_result_from_json(body).error().code, ErrorCode::malformed) << body;
    }
}

TEST(ContinuationToken, IsReadAsItIsWritten) {
    const ContinuationToken token{.device = "d", .module = "m", .given = 7};
    const auto read = ContinuationToken::parse(token.to_text());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->device, "d");
    EXPECT_EQ(read->module, "m");
    EXPECT_EQ(read->given, 7u);
    for (const std::string& text :
         {std::string("x"), std::string("AA=="), std::string("AgAAAAAAAAAAAAAAAA=="),
          std::string("AQAAAAAAAAAA/////w=="), std::string(2000, 'A')}) {
        EXPECT_FALSE(ContinuationToken::parse(text)) << text;
    }
}

}  // namespace
}  // namespace restante::wire
