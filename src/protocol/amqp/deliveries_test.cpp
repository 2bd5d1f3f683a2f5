// Deliveries both ways: transfers, dispositions, and their abuse.

#include <gmock/gmock.h>

#include "protocol/amqp/condition.hpp"
#include "support/amqp_peer.hpp"

namespace restante::amqp {
namespace {

using namespace test;

TEST(AmqpDeliveries, AMessageIsSentDeliveredAcceptedAndReported) {
    AmqpPair pair;
    const auto link = pair.attach(pair.open(), sender_to("a"));
    pair.server.set_credit_window(link.server, 10);
    pair.pump();
    EXPECT_EQ(take<CreditGranted>(pair.client_events).credit, 10U);
    const auto id = pair.client.send(
        link.client,
        {.tag = as_bytes("t1"), .payload = as_bytes("hello"), .message_format = 0x80013700});
    ASSERT_TRUE(id);
    pair.pump();
    const auto delivered = take<Delivered>(pair.server_events);
    EXPECT_EQ(delivered.link, link.server);
    EXPECT_EQ(to_text(delivered.payload), "hello");
    EXPECT_EQ(to_text(delivered.tag), "t1");
    EXPECT_EQ(delivered.message_format, 0x80013700U);
    EXPECT_FALSE(delivered.settled);
    EXPECT_TRUE(pair.server.settle(link.server, delivered.id, Accepted{}));
    EXPECT_FALSE(pair.server.settle(link.server, delivered.id, Accepted{}));
    pair.pump();
    const auto outcome = take<DispositionReceived>(pair.client_events);
    EXPECT_EQ(outcome.link, link.client);
    EXPECT_EQ(outcome.id, *id);
    EXPECT_EQ(to_text(outcome.tag), "t1");
    EXPECT_TRUE(outcome.settled);
    EXPECT_EQ(outcome.state, DeliveryState(Accepted{}));
}

TEST(AmqpDeliveries, ARejectionCarriesItsErrorAndLeavesTheLink) {
    AmqpPair pair;
    const auto link = pair.attach(pair.open(), sender_to("a"));
    pair.server.set_credit_window(link.server, 10);
    pair.pump();
    ASSERT_TRUE(send(pair.client, link.client, "x"));
    pair.pump();
    const ErrorCondition error{.condition = "amqp:not-found", .description = "no device"};
    pair.server.settle(link.server, take<Delivered>(pair.server_events).id, Rejected{error});
    pair.pump();
    EXPECT_EQ(take<DispositionReceived>(pair.client_events).state, DeliveryState(Rejected{error}));
    EXPECT_TRUE(pair.client.can_send(link.client));
}

TEST(AmqpDeliveries, ALargeMessageIsCutToThePeersFramesAndPutTogetherAgain) {
    for (const std::uint32_t frame_bytes : {512U, 4096U, 65536U}) {
        Options client = client_options();
        client.frame_bytes_max = frame_bytes;
        AmqpPair pair(client);
        const auto link = pair.attach(pair.open(), receiver_from("a"));
        pair.client.set_credit_window(link.client, 5);
        pair.pump();
        std::string payload(65'000, '\0');
        for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 7);
        ASSERT_TRUE(send(pair.server, link.server, payload));
        ASSERT_TRUE(send(pair.server, link.server, ""));
        pair.pump();
        EXPECT_EQ(to_text(take<Delivered>(pair.client_events).payload), payload);
        EXPECT_EQ(to_text(take<Delivered>(pair.client_events).payload), "");
        EXPECT_EQ(count<Failed>(pair.client_events), 0U);
    }
}

TEST(AmqpDeliveries, EveryFrameOfALargeMessageFitsThePeersMaximum) {
    AmqpPeer peer;
    peer.open({.container_id = "p", .max_frame_size = 512});
    const LinkId link = peer.attach_receiver();
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 100, .handle = 0, .link_credit = 1});
    ASSERT_TRUE(send(peer.engine, link, std::string(2'000, 'x'), std::string(32, 't')));
    peer.collect();
    EXPECT_EQ(peer.largest_frame, 512U);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < peer.received.size(); ++i) {
        const auto& transfer = std::get<Transfer>(peer.received[i]);
        EXPECT_EQ(transfer.delivery_id, 0U);
        EXPECT_EQ(transfer.more, i + 1 < peer.received.size());
    }
    for (const std::string& payload : peer.payloads) bytes += payload.size();
    EXPECT_EQ(bytes, 2'000U);
}

TEST(AmqpDeliveries, AdjacentAcceptedDeliveriesShareADisposition) {
    AmqpPeer peer;
    peer.open();
    const LinkId link = peer.attach_sender();
    for (const std::uint32_t id : {0U, 1U, 2U, 7U}) peer.transfer(id, "x");
    for (int i = 0; i < 4; ++i) {
        peer.engine.settle(link, take<Delivered>(peer.events).id, Accepted{});
    }
    peer.collect();
    const auto first = peer.got<Disposition>();
    EXPECT_EQ(first.role, Role::receiver);
    EXPECT_TRUE(first.settled);
    EXPECT_EQ(first.first, 0U);
    EXPECT_EQ(first.last, 2U);
    EXPECT_EQ(peer.got<Disposition>().first, 7U);
}

TEST(AmqpDeliveries, ADispositionLeavesBeforeTheTransferThatWasSentAfterIt) {
    AmqpPeer peer;
    peer.open();
    const LinkId request = peer.attach_sender(0);
    const LinkId reply = peer.attach_receiver(1);
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 10, .handle = 1, .link_credit = 5});
    peer.transfer(0, "put-token");
    peer.engine.settle(request, take<Delivered>(peer.events).id, Accepted{});
    ASSERT_TRUE(send(peer.engine, reply, "200"));
    peer.collect();
    ASSERT_EQ(peer.received.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<Disposition>(peer.received[0]));
    EXPECT_TRUE(std::holds_alternative<Transfer>(peer.received[1]));
}

TEST(AmqpDeliveries, AnUnsettledDispositionIsSettledByTheSender) {
    AmqpPeer peer;
    peer.open();
    const LinkId link = peer.attach_receiver();
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 10, .handle = 0, .link_credit = 5});
    ASSERT_TRUE(send(peer.engine, link, "x"));
    peer.collect();
    peer.received.clear();
    peer.send(Disposition{.role = Role::receiver, .first = 0, .state = Released{}});
    const auto outcome = take<DispositionReceived>(peer.events);
    EXPECT_FALSE(outcome.settled);
    EXPECT_EQ(outcome.state, DeliveryState(Released{}));
    EXPECT_TRUE(peer.engine.settle_sent(link, outcome.id, Accepted{}));
    EXPECT_FALSE(peer.engine.settle_sent(link, outcome.id, Accepted{}));
    peer.collect();
    const auto answer = peer.got<Disposition>();
    EXPECT_EQ(answer.role, Role::sender);
    EXPECT_TRUE(answer.settled);
    EXPECT_EQ(answer.state, DeliveryState(Accepted{}));
}

TEST(AmqpDeliveries, AReceiverThatSettlesSecondHearsTheSendersAnswer) {
    AmqpPair pair;
    auto wanted = receiver_from("/messages/servicebound/feedback");
    wanted.receiver_settle_mode = ReceiverSettleMode::second;
    const auto link = pair.attach(pair.open(), wanted);
    pair.client.set_credit_window(link.client, 1);
    pair.pump();
    const auto sent = send(pair.server, link.server, "x");
    ASSERT_TRUE(sent);
    pair.pump();
    const auto delivered = take<Delivered>(pair.client_events);
    EXPECT_TRUE(pair.client.settle(link.client, delivered.id, Accepted{}));
    EXPECT_FALSE(pair.client.settle(link.client, delivered.id, Released{})) << "it was decided";
    pair.pump();
    const auto decision = take<DispositionReceived>(pair.server_events);
    EXPECT_FALSE(decision.settled);
    EXPECT_EQ(decision.state, DeliveryState(Accepted{}));
    EXPECT_EQ(count<DispositionReceived>(pair.client_events), 0U);
    EXPECT_EQ(count<DispositionReceived>(pair.server_events), 0U) << "it was told twice";
    const ErrorCondition lost{.condition = "com.microsoft:message-lock-lost", .description = ""};
    EXPECT_TRUE(pair.server.settle_sent(link.server, *sent, Rejected{lost}));
    pair.pump();
    const auto answer = take<DispositionReceived>(pair.client_events);
    EXPECT_EQ(answer.link, link.client);
    EXPECT_EQ(answer.id, delivered.id);
    EXPECT_TRUE(answer.settled);
    EXPECT_EQ(answer.state, DeliveryState(Rejected{lost}));
    ASSERT_TRUE(send(pair.server, link.server, "y")) << "the credit was not granted again";
}

TEST(AmqpDeliveries, ARangeOfAnyWidthSettlesWhatWasSentOnceAndCheaply) {
    AmqpPeer peer;
    peer.open();
    const LinkId link = peer.attach_receiver();
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 99, .handle = 0, .link_credit = 9});
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(peer.engine, link, "x"));
    for (int i = 0; i < 1'000; ++i) {
        peer.send(Disposition{.role = Role::receiver,
                              .first = 0,
                              .last = UINT32_MAX,
                              .settled = true,
                              .state = Accepted{}});
    }
    EXPECT_EQ(count<DispositionReceived>(peer.events), 3U);
}

TEST(AmqpDeliveries, DeliveriesOfTwoLinksMayInterleave) {
    AmqpPeer peer;
    peer.open();
    peer.attach_sender(0);
    peer.attach_sender(1);
    peer.transfer(0, "a", true);
    Transfer other = AmqpPeer::make_transfer(1);
    other.handle = 1;
    peer.send(other, 0, "whole");
    peer.send(Transfer{.handle = 0}, 0, "b");
    EXPECT_EQ(to_text(take<Delivered>(peer.events).payload), "whole");
    const auto assembled = take<Delivered>(peer.events);
    EXPECT_EQ(to_text(assembled.payload), "ab");
    EXPECT_EQ(assembled.id, DeliveryId{0});
}

TEST(AmqpDeliveries, AnAbortedDeliveryLeavesNothingBehind) {
    AmqpPeer peer;
    peer.open();
    const LinkId link = peer.attach_sender(0, 2);
    peer.transfer(0, "a", true);
    Transfer abort = AmqpPeer::make_transfer(0);
    abort.aborted = true;
    peer.send(abort);
    EXPECT_EQ(count<Delivered>(peer.events), 0U);
    EXPECT_FALSE(peer.engine.settle(link, DeliveryId{0}, Accepted{}));
    peer.transfer(1, "b");
    EXPECT_EQ(to_text(take<Delivered>(peer.events).payload), "b");
}

TEST(AmqpDeliveries, AFaultOfALinkDetachesItAndNothingElse) {
    struct Fault {
        std::string_view condition;
        void (*commit)(AmqpPeer&);
    };
    const Fault faults[] = {
        {condition::transfer_limit_exceeded,
         [](AmqpPeer& peer) {
             for (std::uint32_t id = 0; id < 3; ++id) peer.transfer(id, "x");
         }},
        {condition::message_size_exceeded,
         [](AmqpPeer& peer) { peer.transfer(0, std::string(101, 'x')); }},
        {condition::message_size_exceeded,
         [](AmqpPeer& peer) {
             peer.transfer(0, std::string(60, 'x'), true);
             peer.transfer(0, std::string(60, 'x'), true);
         }},
        {condition::invalid_field,
         [](AmqpPeer& peer) { peer.send(Transfer{.handle = 0, .more = true}); }},
        {condition::invalid_field,
         [](AmqpPeer& peer) { peer.send(Transfer{.handle = 0, .delivery_id = 1}); }},
        {condition::invalid_field,
         [](AmqpPeer& peer) {
             const Bytes tag(33, 't');
             peer.send(Transfer{.handle = 0, .delivery_id = 0, .delivery_tag = tag});
         }},
        {condition::invalid_field,
         [](AmqpPeer& peer) {
             peer.transfer(0, "x", true);
             peer.transfer(1, "x");
         }},
        {condition::not_implemented,
         [](AmqpPeer& peer) {
             Transfer transfer = AmqpPeer::make_transfer(0);
             transfer.resume = true;
             peer.send(transfer);
         }},
    };
    for (const Fault& fault : faults) {
        AmqpPeer peer;
        peer.open();
        const LinkId link = peer.attach_sender(0, 2, {.max_message_size = 100});
        fault.commit(peer);
        const auto detach = peer.got<Detach>();
        EXPECT_TRUE(detach.closed);
        EXPECT_EQ(detach.error->condition, fault.condition);
        const auto detached = take<Detached>(peer.events);
        EXPECT_EQ(detached.link, link);
        EXPECT_EQ(detached.error->condition, fault.condition);
        // What was on its way meanwhile is passed over.
        peer.transfer(9, "late");
        peer.send(Flow{.handle = 0, .link_credit = 5});
        peer.send(Detach{.handle = 0, .closed = true});
        peer.events.clear();
        peer.attach_sender(0);
        EXPECT_FALSE(peer.engine.finished());
    }
}

TEST(AmqpDeliveries, ATransferToASenderDetachesIt) {
    AmqpPeer peer;
    peer.open();
    peer.attach_receiver();
    peer.transfer(0, "x");
    EXPECT_EQ(peer.got<Detach>().error->condition, condition::not_allowed);
}

TEST(AmqpDeliveries, ATransferBeforeTheAttachIsAnsweredIsBeyondTheCredit) {
    AmqpPeer peer;
    peer.open();
    peer.send(sender_to("a"));
    peer.transfer(0, "x");
    EXPECT_FALSE(peer.got<Attach>().target);
    EXPECT_EQ(peer.got<Detach>().error->condition, condition::transfer_limit_exceeded);
}

TEST(AmqpDeliveries, UnfinishedDeliveriesOfAllLinksTogetherAreBounded) {
    AmqpPeer peer;
    peer.open();
    const std::size_t each = 60'000;
    const std::size_t links = assembly_bytes_max / each + 1;
    for (std::uint32_t i = 0; i < links; ++i) {
        peer.attach_sender(i);
        Transfer transfer = AmqpPeer::make_transfer(i, true);
        transfer.handle = i;
        peer.send(transfer, 0, std::string(each, 'x'));
        EXPECT_EQ(count<Detached>(peer.events), i + 1 < links ? 0U : 1U);
    }
    EXPECT_EQ(peer.got<Detach>().error->condition, condition::resource_limit_exceeded);
}

TEST(AmqpDeliveries, BeforeAuthenticationAMessageIsSmall) {
    AmqpPeer peer;
    peer.raw(amqp_header);
    peer.send(Open{.container_id = "p"});
    peer.begin();
    peer.attach_sender();
    peer.transfer(0, std::string(unauthenticated_message_bytes_max, 'x'));
    EXPECT_EQ(count<Delivered>(peer.events), 1U);
    peer.transfer(1, std::string(unauthenticated_message_bytes_max + 1, 'x'));
    EXPECT_EQ(peer.got<Detach>().error->condition, condition::message_size_exceeded);
}

TEST(AmqpDeliveries, AMessageAbovePeersMaximumIsNotSent) {
    AmqpPeer peer;
    peer.open();
    Attach attach = receiver_from("a");
    attach.max_message_size = 10;
    peer.send(attach);
    const LinkId link = take<AttachRequested>(peer.events).link;
    peer.engine.accept_attach(link);
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 10, .handle = 0, .link_credit = 5});
    EXPECT_EQ(send(peer.engine, link, "eleven bytes").error().code, ErrorCode::message_too_large);
    EXPECT_EQ(send(peer.engine, link, "x", std::string(33, 't')).error().code,
              ErrorCode::argument_invalid);
    EXPECT_TRUE(send(peer.engine, link, "ten bytes!"));
}

TEST(AmqpDeliveries, ASenderThatSettlesItselfNeedsNoSettlement) {
    AmqpPeer peer;
    peer.open();
    const LinkId link = peer.attach_sender(0, 1);
    peer.transfer(0, "x");
    peer.received.clear();
    peer.send(Disposition{.role = Role::sender, .first = 0, .settled = true});
    EXPECT_EQ(peer.got<Flow>().link_credit, 1U);
    EXPECT_FALSE(peer.engine.settle(link, DeliveryId{0}, Accepted{}));
}

TEST(AmqpDeliveries, ADetachForgetsWhatWasUnsettledOnTheLink) {
    AmqpPeer peer;
    peer.open();
    const LinkId link = peer.attach_receiver();
    peer.send(Flow{.next_incoming_id = 0, .incoming_window = 10, .handle = 0, .link_credit = 5});
    ASSERT_TRUE(send(peer.engine, link, "x"));
    peer.send(Detach{.handle = 0, .closed = true});
    peer.events.clear();
    peer.send(Disposition{.role = Role::receiver, .first = 0, .settled = true});
    EXPECT_TRUE(peer.events.empty());
}

TEST(AmqpDeliveries, NothingIsSentOnALinkThatIsGone) {
    AmqpPair pair;
    const auto link = pair.attach(pair.open(), receiver_from("a"));
    pair.client.set_credit_window(link.client, 1);
    pair.client.detach(link.client);
    pair.pump();
    EXPECT_FALSE(pair.server.can_send(link.server));
    EXPECT_EQ(send(pair.server, link.server, "x").error().code, ErrorCode::connection_dropped);
}

}  // namespace
}  // namespace restante::amqp
