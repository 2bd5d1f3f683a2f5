#include "wire/feedback_json.hpp"

#include <gtest/gtest.h>

#include "base/timestamp.hpp"

namespace restante::wire {
namespace {

TEST(FeedbackJson, RepeatsTheStatusInTheDescriptionWhereTheCClientReadsIt) {
    const model::FeedbackBatch batch{
        {.device = *model::DeviceId::parse("123"),
         .generation_id = "638",
         .original_message_id = "m \"1\"",
         .ended_at = *parse_iso8601("2015-07-28T16:24:48.789Z"),
         .status = model::FeedbackStatus::delivery_count_exceeded},
        {.device = *model::DeviceId::parse("123"), .generation_id = "638", .ended_at = {}}};
    EXPECT_EQ(feedback_json(batch),
              R"([{"originalMessageId":"m \"1\"","enqueuedTimeUtc":"2015-07-28T16:24:48.7890000Z",)"
              R"("statusCode":"DeliveryCountExceeded","description":"DeliveryCountExceeded",)"
              R"("deviceId":"123","deviceGenerationId":"638"},)"
              R"({"originalMessageId":null,"enqueuedTimeUtc":"1970-01-01T00:00:00.0000000Z",)"
              R"("statusCode":"Success","description":"Success","deviceId":"123",)"
              R"("deviceGenerationId":"638"}])");
}

TEST(FeedbackJson, HasAWordForEachStatus) {
    EXPECT_EQ(feedback_status_word(model::FeedbackStatus::expired), "Expired");
    EXPECT_EQ(feedback_status_word(model::FeedbackStatus::rejected), "Rejected");
    EXPECT_EQ(feedback_status_word(model::FeedbackStatus::purged), "Purged");
}

}  // namespace
}  // namespace restante::wire
