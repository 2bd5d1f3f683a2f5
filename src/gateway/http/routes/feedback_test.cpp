// Feedback over HTTP.

#include "gateway/http/routes/feedback.hpp"

#include <gmock/gmock.h>

#include "support/rest_test.hpp"

namespace restante::gateway {
namespace {

using namespace std::chrono_literals;
using test::Reply;
using testing::HasSubstr;

class FeedbackTest : public test::RestTest {
  protected:
    static constexpr std::string_view path = "/messages/serviceBound/feedback";

    Reply receive() {
        return call(fmt::format("GET {}?api-version=2021-04-12", path), policy_token("service"));
    }
    Reply settle_with(std::string_view method, const Reply& received, std::string_view rest = "") {
        const auto etag = received.header("ETag");
        EXPECT_EQ(etag.size(), 38u) << etag;
        if (etag.size() != 38) return {};
        return call(fmt::format("{} {}/{}{}", method, path, etag.substr(1, 36), rest),
                    policy_token("service"));
    }
    /// A message that is purged, and the batch that tells of it.
    void make_batch() {
        model::CloudToDeviceMessage message;
        message.message_id = "m1";
        message.ack = model::AckRequest::full;
        ASSERT_TRUE(send("d1", message));
        ASSERT_EQ(call("DELETE /devices/d1/commands", policy_token("service")).status, 200);
        clock.advance(15s);
        hub.advance();
    }
    static void expect_lock_lost(const Reply& reply) {
        EXPECT_EQ(reply.status, 412);
        EXPECT_EQ(reply.header("iothub-errorcode"), "DeviceMessageLockLost");
    }

    const model::DeviceIdentity device = create("d1");
};

TEST_F(FeedbackTest, OnlyAServiceReceivesIt) {
    for (const auto line :
         {"GET /messages/servicebound/feedback", "DELETE /messages/servicebound/feedback/token",
          "POST /messages/servicebound/feedback/token/abandon"}) {
        expect_unauthorized(call(line, ""));
        expect_unauthorized(call(line, device_token(device)));
        expect_unauthorized(call(line, policy_token("registryReadWrite")));
    }
}

TEST_F(FeedbackTest, NoneIsNoContent) {
    EXPECT_EQ(receive().status, 204);
}

TEST_F(FeedbackTest, ABatchIsReceivedLockedAndCompleted) {
    make_batch();
    const auto batch = receive();
    EXPECT_EQ(batch.status, 200);
    EXPECT_EQ(batch.header("Content-Type"), "application/vnd.microsoft.iothub.feedback.json");
    EXPECT_THAT(batch.body, HasSubstr(R"("originalMessageId":"m1")"));
    EXPECT_THAT(batch.body, HasSubstr(R"("statusCode":"Purged")"));
    EXPECT_EQ(receive().status, 204) << "it is locked";
    EXPECT_EQ(settle_with("DELETE", batch, "?api-version=2021-04-12").status, 204);
    expect_lock_lost(settle_with("DELETE", batch));
    clock.advance(60s);
    hub.advance();
    EXPECT_EQ(receive().status, 204);
}

TEST_F(FeedbackTest, AnAbandonedBatchComesAgain) {
    make_batch();
    const auto batch = receive();
    EXPECT_EQ(settle_with("POST", batch, "/abandon").status, 204);
    const auto again = receive();
    EXPECT_EQ(again.body, batch.body);
    expect_lock_lost(settle_with("DELETE", batch));
    EXPECT_EQ(settle_with("DELETE", again).status, 204);
}

TEST_F(FeedbackTest, WhatIsNoTokenHoldsNoLock) {
    for (const std::string_view token : {"x", "00000000-0000-0000-0000-000000000000"}) {
        expect_lock_lost(call(fmt::format("DELETE {}/{}", path, token), policy_token("service")));
        expect_lock_lost(
            call(fmt::format("POST {}/{}/abandon", path, token), policy_token("service")));
    }
}

}  // namespace
}  // namespace restante::gateway
