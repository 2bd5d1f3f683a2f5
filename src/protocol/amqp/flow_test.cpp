// Credit and session windows: who may send how much, and when.

#include <gmock/gmock.h>

#include "protocol/amqp/condition.hpp"
#include "support/amqp_peer.hpp"

namespace restante::amqp {
namespace {

using namespace test;

TEST(AmqpFlow, NothingIsSentWithoutCredit) {
    AmqpPair pair;
    const auto link = pair.attach(pair.open(), receiver_from("a"));
    EXPECT_FALSE(pair.server.can_send(link.server));
    EXPECT_EQ(send(pair.server, link.server, "x").error().code, ErrorCode::throttled);
    pair.client.set_credit_window(link.client, 1);
    pair.pump();
    EXPECT_TRUE(pair.server.can_send(link.server));
    EXPECT_TRUE(send(pair.server, link.server, "x"));
    EXPECT_FALSE(pair.server.can_send(link.server));
}

TEST(AmqpFlow, CreditIsToppedUpAsDeliveriesAreSettled) {
    AmqpPair pair;
    const auto link = pair.attach(pair.open(), sender_to("a"));
    pair.server.set_credit_window(link.server, 4);
    pair.pump();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(send(pair.client, link.client, "x"));
    pair.pump();
    EXPECT_FALSE(pair.client.can_send(link.client));
    for (int i = 0; i < 4; ++i) {
        pair.server.settle(link.server, take<Delivered>(pair.server_events).id, Accepted{});
    }
    pair.pump();
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(send(pair.client, link.client, "x"));
}

TEST(AmqpFlow, CreditIsToppedUpAtOnceForSettledDeliveries) {
    AmqpPair pair;
    Attach attach = sender_to("a");
    attach.sender_settle_mode = SenderSettleMode::settled;
    const auto link = pair.attach(pair.open(), attach);
    pair.server.set_credit_window(link.server, 4);
    for (int i = 0; i < 100; ++i) {
        pair.pump();
        ASSERT_TRUE(send(pair.client, link.client, "x"));
    }
    pair.pump();
    EXPECT_EQ(count<Delivered>(pair.server_events), 100U);
    EXPECT_TRUE(take<Delivered>(pair.server_events).settled);
}

TEST(AmqpFlow, ALowerWindowTakesNoCreditBack) {
    AmqpPair pair;
    const auto link = pair.attach(pair.open(), sender_to("a"));
    pair.server.set_credit_window(link.server, 4);
    pair.pump();
    pair.server.set_credit_window(link.server, 1);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(send(pair.client, link.client, "x"));
    pair.pump();
    EXPECT_EQ(count<Delivered>(pair.server_events), 4U);
    EXPECT_EQ(count<Detached>(pair.server_events), 0U);
}

TEST(AmqpFlow, ADrainGivesBackWhatIsLeftOfTheCredit) {
    AmqpPeer peer;
    peer.open();
    const LinkId link = peer.attach_receiver();
    Bytes flow;
    FrameWriter writer(flow, FrameType::amqp, 0);
    write(flow, Flow{.next_incoming_id = 0,
                     .incoming_window = 10,
                     .handle = 0,
                     .delivery_count = 0,
                     .link_credit = 5,
                     .drain = true});
    writer.finish();
    peer.engine.receive(flow, start_time);
    drain(peer.engine, peer.events);
    EXPECT_TRUE(take<CreditGranted>(peer.events).drain);
    ASSERT_TRUE(send(peer.engine, link, "last"));
    peer.collect();
    ASSERT_EQ(peer.received.size(), 2U);
    const auto& answer = std::get<Flow>(peer.received[1]);
    EXPECT_EQ(answer.handle, 0U);
    EXPECT_EQ(answer.delivery_count, 5U);
    EXPECT_EQ(answer.link_credit, 0U);
    EXPECT_TRUE(answer.drain);
    EXPECT_FALSE(peer.engine.can_send(link));
    peer.send(Flow{.next_incoming_id = 1,
                   .incoming_window = 10,
                   .handle = 0,
                   .delivery_count = 5,
                   .link_credit = 2});
    EXPECT_EQ(take<CreditGranted>(peer.events).credit, 2U);
}

TEST(AmqpFlow, AnEchoIsAnsweredWithAFlowThatHasEveryField) {
    AmqpPeer peer;
    peer.open();
    peer.attach_sender(0, 7);
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 10, .handle = 0, .echo = true});
    const auto flow = peer.got<Flow>();
    EXPECT_EQ(flow.next_incoming_id, 0U);
    EXPECT_EQ(flow.incoming_window, incoming_window);
    EXPECT_EQ(flow.next_outgoing_id, 0U);
    EXPECT_GT(flow.outgoing_window, 0U);
    EXPECT_EQ(flow.handle, 0U);
    EXPECT_EQ(flow.delivery_count, 0U);
    EXPECT_EQ(flow.link_credit, 7U);
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 10, .echo = true});
    EXPECT_FALSE(peer.got<Flow>().handle);
}

TEST(AmqpFlow, CreditGivenBeforeTheAttachIsAnsweredCountsAfterwards) {
    AmqpPeer peer;
    peer.open();
    peer.send(receiver_from("a"));
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 10, .handle = 0, .link_credit = 5});
    const LinkId link = take<AttachRequested>(peer.events).link;
    EXPECT_EQ(count<CreditGranted>(peer.events), 0U);
    EXPECT_FALSE(peer.engine.can_send(link));
    peer.engine.accept_attach(link);
    drain(peer.engine, peer.events);
    EXPECT_EQ(take<CreditGranted>(peer.events).credit, 5U);
    EXPECT_TRUE(peer.engine.can_send(link));
}

TEST(AmqpFlow, WhatThePeersSessionWindowHoldsUpFollowsLater) {
    AmqpPeer peer;
    peer.open({.container_id = "p", .max_frame_size = 512});
    const LinkId link = peer.attach_receiver();
    const Flow credit{.next_incoming_id = 0, .incoming_window = 2, .handle = 0, .link_credit = 9};
    peer.send(credit);
    peer.events.clear();
    ASSERT_TRUE(send(peer.engine, link, std::string(1'500, 'x')));
    EXPECT_FALSE(peer.engine.can_send(link));
    peer.collect();
    EXPECT_EQ(peer.received.size(), 2U);
    peer.send(Flow{.next_incoming_id = 2, .incoming_window = 1});
    EXPECT_EQ(peer.received.size(), 3U);
    EXPECT_TRUE(peer.events.empty());
    peer.send(Flow{.next_incoming_id = 3, .incoming_window = 10});
    EXPECT_EQ(take<CreditGranted>(peer.events).credit, 8U);
    std::string payload;
    for (const std::string& part : peer.payloads) payload += part;
    EXPECT_EQ(payload, std::string(1'500, 'x'));
    EXPECT_TRUE(peer.engine.can_send(link));
}

TEST(AmqpFlow, TheSessionWindowIsToppedUpAtHalf) {
    AmqpPeer peer;
    peer.open();
    peer.attach_sender(0, credit_window_max);
    for (std::uint32_t i = 0; i < incoming_window / 2 - 1; ++i) peer.transfer(i, "");
    EXPECT_TRUE(peer.received.empty());
    peer.transfer(incoming_window, "");
    const auto flow = peer.got<Flow>();
    EXPECT_FALSE(flow.handle);
    EXPECT_EQ(flow.incoming_window, incoming_window);
    EXPECT_EQ(flow.next_incoming_id, incoming_window / 2);
}

TEST(AmqpFlow, ASenderThatGivesUpCreditGetsItAnew) {
    AmqpPeer peer;
    peer.open();
    peer.attach_sender(0, 7);
    peer.received.clear();
    peer.send(Flow{.next_incoming_id = 0,
                   .incoming_window = 10,
                   .handle = 0,
                   .delivery_count = 5,
                   .echo = true});
    const auto flow = peer.got<Flow>();
    EXPECT_EQ(flow.delivery_count, 5U);
    EXPECT_EQ(flow.link_credit, 7U);
    peer.received.clear();
    peer.send(Flow{.next_incoming_id = 0,
                   .incoming_window = 10,
                   .handle = 0,
                   .delivery_count = 5'000,
                   .echo = true});
    EXPECT_EQ(peer.got<Flow>().delivery_count, 12U) << "more than it had cannot be given up";
}

TEST(AmqpFlow, ADrainBeforeTheAttachIsAnsweredIsAnsweredAfterIt) {
    AmqpPeer peer;
    peer.open();
    peer.send(receiver_from("a"));
    const auto request = take<AttachRequested>(peer.events);
    peer.send(Flow{.next_incoming_id = 0,
                   .incoming_window = 10,
                   .handle = 0,
                   .delivery_count = 0,
                   .link_credit = 5,
                   .drain = true});
    EXPECT_TRUE(peer.received.empty());
    ASSERT_TRUE(peer.engine.accept_attach(request.link));
    drain(peer.engine, peer.events);
    peer.collect();
    ASSERT_EQ(peer.received.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<Attach>(peer.received[0]));
    const auto& answer = std::get<Flow>(peer.received[1]);
    EXPECT_EQ(answer.delivery_count, 5U);
    EXPECT_EQ(answer.link_credit, 0U);
    EXPECT_TRUE(answer.drain);
}

}  // namespace
}  // namespace restante::amqp
