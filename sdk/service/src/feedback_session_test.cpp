#include "feedback_session.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/service_hub.hpp"
#include "wire/feedback_json.hpp"

namespace restante::service {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* record =
    R"({"originalMessageId":"m1","enqueuedTimeUtc":"2015-07-28T16:24:48.789Z",)"
    R"("statusCode":"Success","description":"Success","deviceId":"123",)"
    R"("deviceGenerationId":"abc"})";

amqp::Message feedback(const std::string& body) {
    amqp::Message message;
    message.properties.emplace();
    message.properties->user_id = to_bytes("hub");
    message.properties->content_type = wire::feedback_content_type;
    message.message_annotations.add(amqp::Symbol{"iothub-enqueuedtime"}, WallTime{});
    message.data.push_back(to_bytes(body));
    return message;
}

class FeedbackSessionTest : public testing::Test {
  protected:
    FeedbackSessionTest() {
        auto made = std::make_unique<FeedbackSession>(account, inbox, [](const Error&) {});
        session = made.get();
        hub.emplace(std::move(made), clock);
        hub->pump();
    }

    /// A thread asks and does not wait: it gets what is here.
    FeedbackInbox::Outcome poll() {
        return inbox->wait(SteadyTime{}, [this] {
            session->want();
            hub->pump();
        });
    }
    bool has_credit() { return hub->engine.can_send(*hub->link); }
    /// A batch of one record that comes for credit given before.
    amqp::DeliveryId send(std::string_view tag = "0123456789abcdef") {
        return hub->send(feedback("[" + std::string(record) + "]"), tag);
    }
    FeedbackBatch take() {
        const auto outcome = poll();
        if (outcome.batch && *outcome.batch) return **outcome.batch;
        ADD_FAILURE() << "no batch";
        return {};
    }
    std::shared_ptr<std::string> settle(const FeedbackBatch& batch,
                                        FeedbackSession::Decision decision) {
        auto answer = std::make_shared<std::string>("waiting");
        session->settle(batch.lock_token, decision, [answer](const Result<void>& result) {
            *answer = result                                                       ? "done"
                      : result.error().code == ErrorCode::device_message_lock_lost ? "lock lost"
                                                                                   : "failed";
        });
        hub->pump();
        return answer;
    }

    static constexpr auto complete = FeedbackSession::Decision::complete;
    static constexpr auto abandon = FeedbackSession::Decision::abandon;

    test::ManualClock clock;
    ServiceAccount account{
        "HostName=hub.localhost;SharedAccessKeyName=service;SharedAccessKey=a2V5a2V5a2V5a2V5", {}};
    std::shared_ptr<FeedbackInbox> inbox = std::make_shared<FeedbackInbox>();
    FeedbackSession* session = nullptr;
    std::optional<test::ServiceHub> hub;
};

TEST_F(FeedbackSessionTest, NothingIsAskedForUntilSomebodyWaits) {
    EXPECT_FALSE(has_credit());
    const auto outcome = poll();
    EXPECT_FALSE(outcome.batch || outcome.end);
    EXPECT_TRUE(has_credit());
}

TEST_F(FeedbackSessionTest, ABatchThatCameTooLateIsThereForTheNext) {
    poll();
    send();
    EXPECT_FALSE(has_credit()) << "one batch is as much as was asked for";
    const auto batch = take();
    EXPECT_EQ(batch.lock_token, "33323130-3534-3736-3839-616263646566");
    EXPECT_EQ(batch.user_id, "hub");
    EXPECT_EQ(batch.enqueued_time, "1970-01-01T00:00:00.0000000Z");
    ASSERT_THAT(batch.records, SizeIs(1));
    EXPECT_EQ(batch.records[0].original_message_id, "m1");
    EXPECT_EQ(batch.records[0].device_id, "123");
    EXPECT_EQ(batch.records[0].device_generation_id, "abc");
    EXPECT_EQ(batch.records[0].status_code, "Success");
    EXPECT_EQ(batch.records[0].description, "Success");
    EXPECT_EQ(batch.records[0].enqueued_time_utc, "2015-07-28T16:24:48.789Z");
}

TEST_F(FeedbackSessionTest, ABatchNobodyTakesGoesBackBeforeItsLockEnds) {
    poll();
    send();
    hub->pass(feedback_held_max - 1s);
    EXPECT_THAT(hub->decisions, IsEmpty());
    hub->pass(1s);
    ASSERT_THAT(hub->decisions, SizeIs(1));
    EXPECT_EQ(hub->decisions[0].state, amqp::DeliveryState(amqp::Released{}));
    EXPECT_FALSE(poll().batch);
}

TEST_F(FeedbackSessionTest, EachOfSeveralThatWaitGetsABatch) {
    FeedbackInbox::Outcome inner;
    const auto outer = inbox->wait(SteadyTime{}, [&] {
        session->want();
        inner = inbox->wait(SteadyTime{}, [&] {
            session->want();
            hub->pump();
            send("0123456789abcde1");
            send("0123456789abcde2");
        });
    });
    ASSERT_TRUE(inner.batch && *inner.batch && outer.batch && *outer.batch);
    EXPECT_NE((*inner.batch)->lock_token, (*outer.batch)->lock_token);
    EXPECT_FALSE(has_credit());
}

TEST_F(FeedbackSessionTest, ACompletionIsTheHubsWord) {
    poll();
    const auto id = send();
    const auto batch = take();
    const auto answer = settle(batch, complete);
    EXPECT_EQ(*answer, "waiting");
    ASSERT_THAT(hub->decisions, SizeIs(1));
    EXPECT_EQ(hub->decisions[0].state, amqp::DeliveryState(amqp::Accepted{}));
    EXPECT_FALSE(hub->decisions[0].settled);
    EXPECT_EQ(*settle(batch, complete), "lock lost") << "it was decided";
    hub->engine.settle_sent(*hub->link, id, amqp::Accepted{});
    hub->pump();
    EXPECT_EQ(*answer, "done");
}

TEST_F(FeedbackSessionTest, ALostLockIsToldAndTheLinkStays) {
    poll();
    const auto id = send();
    const auto answer = settle(take(), abandon);
    ASSERT_THAT(hub->decisions, SizeIs(1));
    EXPECT_EQ(hub->decisions[0].state, amqp::DeliveryState(amqp::Released{}));
    hub->engine.settle_sent(
        *hub->link, id,
        amqp::Rejected{.error = amqp::ErrorCondition{.condition = "com.microsoft:message-lock-lost",
                                                     .description = "gone"}});
    hub->pump();
    EXPECT_EQ(*answer, "lock lost");
    poll();
    EXPECT_TRUE(has_credit());
}

TEST_F(FeedbackSessionTest, WhatIsNoFeedbackIsToldOnceAndDoesNotComeAgain) {
    for (const auto* body : {"{", "{}", R"([{"deviceId":1}])", R"([{"deviceId":"d"}])", "[1]"}) {
        poll();
        hub->send(feedback(body), "0123456789abcdef");
        ASSERT_FALSE(hub->decisions.empty()) << body;
        EXPECT_TRUE(std::holds_alternative<amqp::Rejected>(*hub->decisions.back().state)) << body;
        const auto outcome = poll();
        ASSERT_TRUE(outcome.batch) << body;
        EXPECT_EQ(outcome.batch->error().code, ErrorCode::malformed) << body;
        hub->engine.settle_sent(*hub->link, hub->decisions.back().id, amqp::Accepted{});
        hub->pump();
    }
    auto other = feedback("[]");
    other.properties->content_type = "text/plain";
    poll();
    hub->send(other, "0123456789abcdef");
    EXPECT_THAT(poll().batch->error().message, HasSubstr("something else than feedback"));
}

TEST_F(FeedbackSessionTest, BatchesThatAreForgottenGoBackAtABound) {
    for (std::size_t i = 0; i <= feedback_unsettled_max; ++i) {
        poll();
        send(fmt::format("{:016}", i));
        take();
    }
    ASSERT_THAT(hub->decisions, SizeIs(1));
    EXPECT_EQ(as_text(hub->decisions[0].tag), fmt::format("{:016}", 0));
    EXPECT_EQ(hub->decisions[0].state, amqp::DeliveryState(amqp::Released{}));
}

TEST_F(FeedbackSessionTest, AnEndTellsWhoWaitsAndWhoDecided) {
    poll();
    send();
    const auto answer = settle(take(), complete);
    hub->pass(1min);
    hub->harness.drop();
    EXPECT_EQ(*answer, "failed");
    const auto outcome = inbox->wait(SteadyTime{}, [] {});
    ASSERT_TRUE(outcome.end);
    EXPECT_EQ(outcome.end->reason.code, ErrorCode::connection_dropped);
    EXPECT_GE(outcome.end->stood, 1min);
}

TEST_F(FeedbackSessionTest, AnIdleLinkWhoseHubFallsSilentEnds) {
    poll();
    hub->silent = true;
    hub->pass(2 * idle_time_out);
    const auto outcome = inbox->wait(SteadyTime{}, [] {});
    ASSERT_TRUE(outcome.end);
    EXPECT_EQ(outcome.end->reason.code, ErrorCode::timeout);
}

}  // namespace
}  // namespace restante::service
