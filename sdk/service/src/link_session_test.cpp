#include "link_session.hpp"

#include <gmock/gmock.h>

#include "send_session.hpp"
#include "support/service_hub.hpp"

namespace restante::service {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A link that sends messages, and the hub's end of it.
class LinkSessionTest : public testing::Test {
  protected:
    /// An answer that did not come yet is "waiting".
    using Answer = std::shared_ptr<std::string>;

    LinkSessionTest() {
        auto made = std::make_unique<SendSession>(account, [this](const Error& reason) {
            EXPECT_FALSE(ended) << "it was told twice";
            ended = reason;
        });
        session = made.get();
        hub.emplace(std::move(made), clock);
    }

    Answer send(std::string_view text) {
        auto answer = std::make_shared<std::string>("waiting");
        session->send(to_bytes(text), [answer](const Result<void>& result) {
            *answer = result ? "sent" : result.error().message;
        });
        hub->pump();
        return answer;
    }

    test::ManualClock clock;
    ServiceAccount account{
        "HostName=hub.localhost;SharedAccessKeyName=service;SharedAccessKey=a2V5a2V5a2V5a2V5", {}};
    std::optional<Error> ended;
    SendSession* session = nullptr;
    std::optional<test::ServiceHub> hub;
};

TEST_F(LinkSessionTest, WhatIsSentBeforeTheLinkStandsLeavesInOrder) {
    session->send(to_bytes("one"), [](const Result<void>&) {});
    const auto second = send("two");
    ASSERT_EQ(hub->deliveries.size(), 2u);
    EXPECT_EQ(as_text(hub->deliveries[0].payload), "one");
    EXPECT_EQ(as_text(hub->deliveries[1].payload), "two");
    EXPECT_EQ(*second, "waiting");
    hub->engine.settle(*hub->link, hub->deliveries[1].id, amqp::Accepted{});
    hub->pump();
    EXPECT_EQ(*second, "sent");
}

TEST_F(LinkSessionTest, TokensAreRenewedForDaysBeforeTheyExpire) {
    hub->pump();
    const auto begin = clock.now().wall;
    hub->pass(72h);
    EXPECT_FALSE(ended);
    WallTime last = begin;
    for (const WallTime put : hub->tokens) {
        EXPECT_LE(put - last, 55min) << "an hour is what a token holds";
        last = put;
    }
    EXPECT_LE(clock.now().wall - last, 55min);
    EXPECT_LE(hub->tokens.size(), 100u);
    const auto answer = send("still there");
    ASSERT_EQ(hub->deliveries.size(), 1u);
    hub->engine.settle(*hub->link, hub->deliveries[0].id, amqp::Accepted{});
    hub->pump();
    EXPECT_EQ(*answer, "sent");
}

TEST_F(LinkSessionTest, AHubThatFallsSilentIsGivenUpByTheIdleTimeOut) {
    hub->pump();
    const auto answer = send("hello");
    hub->silent = true;
    hub->pass(2 * idle_time_out - 1s);
    EXPECT_FALSE(ended);
    EXPECT_EQ(*answer, "waiting");
    hub->pass(1s);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, ErrorCode::timeout);
    EXPECT_THAT(*answer, HasSubstr("idle time-out"));
    hub->pass(10s);
    EXPECT_TRUE(hub->harness.ended()) << "the connection is kept";
}

TEST_F(LinkSessionTest, AHubThatDoesNotOpenTheLinkIsGivenUp) {
    hub->opens_links = false;
    const auto answer = send("hello");
    hub->pass(account.timeout() - 1s);
    EXPECT_FALSE(ended);
    hub->pass(1s);
    ASSERT_TRUE(ended);
    EXPECT_EQ(*ended, Error(ErrorCode::timeout, "the hub did not open the link in time"));
    EXPECT_EQ(*answer, ended->message);
    hub->pass(10s);
    EXPECT_TRUE(hub->harness.ended());
}

TEST_F(LinkSessionTest, AHubThatDoesNotAnswerARenewedTokenIsGivenUp) {
    hub->pump();
    hub->answers_tokens = false;
    hub->pass(1h);
    ASSERT_TRUE(ended);
    EXPECT_EQ(*ended, Error(ErrorCode::timeout, "the hub did not answer a renewed token in time"));
    EXPECT_EQ(hub->tokens.size(), 2u);
}

TEST_F(LinkSessionTest, ARefusedTokenEndsItWithTheNextStep) {
    hub->token_status = 401;
    const auto answer = send("hello");
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, ErrorCode::unauthorized);
    EXPECT_THAT(*answer, HasSubstr("check the name and key"));
    EXPECT_TRUE(hub->harness.ended());
}

TEST_F(LinkSessionTest, ARefusedRenewalEndsItToo) {
    hub->pump();
    hub->token_status = 401;
    hub->pass(1h);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, ErrorCode::unauthorized);
}

TEST_F(LinkSessionTest, ADropAnswersWhatWaitsAndWhatComesAfter) {
    hub->pump();
    const auto answer = send("hello");
    hub->harness.drop();
    EXPECT_EQ(*answer, "the peer closed the connection");
    EXPECT_EQ(ended->code, ErrorCode::connection_dropped);
}

TEST_F(LinkSessionTest, AMessageTheHubRefusesTellsWhyAndTheLinkStays) {
    hub->pump();
    const auto answer = send("hello");
    const amqp::ErrorCondition full{.condition = "amqp:resource-limit-exceeded",
                                    .description = "the queue is full"};
    hub->engine.settle(*hub->link, hub->deliveries[0].id, amqp::Rejected{full});
    hub->pump();
    EXPECT_THAT(*answer, HasSubstr("the queue is full"));
    EXPECT_FALSE(ended);
}

TEST_F(LinkSessionTest, CloseSaysGoodbye) {
    hub->pump();
    session->close();
    hub->pump();
    EXPECT_TRUE(hub->closed_in_order);
    EXPECT_TRUE(ended);
    EXPECT_TRUE(hub->harness.ended());
}

TEST_F(LinkSessionTest, CloseDoesNotWaitForASilentHub) {
    hub->pump();
    hub->silent = true;
    session->close();
    hub->pump();
    EXPECT_FALSE(ended);
    hub->pass(amqp::close_timeout);
    EXPECT_TRUE(ended);
    EXPECT_TRUE(hub->harness.ended());
}

}  // namespace
}  // namespace restante::service
