// Sessions and links: how they begin, are answered, are refused and go.

#include <gmock/gmock.h>

#include "protocol/amqp/condition.hpp"
#include "support/amqp_peer.hpp"

namespace restante::amqp {
namespace {

using namespace test;

TEST(AmqpLinks, AnAttachIsAnsweredWithBothTerminiItsModesAndAPropertyMap) {
    AmqpPeer peer;
    peer.open();
    Attach attach{.name = "feedback",
                  .handle = 5,
                  .role = Role::receiver,
                  .sender_settle_mode = SenderSettleMode::unsettled,
                  .receiver_settle_mode = ReceiverSettleMode::second,
                  .source = Source{.address = "amqps://hub/messages/servicebound/feedback"},
                  .target = Target{.address = "receiver_001"}};
    peer.send(attach);
    const auto request = take<AttachRequested>(peer.events);
    EXPECT_EQ(*request.attach, attach);
    EXPECT_TRUE(peer.received.empty());
    peer.engine.accept_attach(request.link, {.max_message_size = 262'144});
    peer.collect();
    const auto answer = peer.got<Attach>();
    EXPECT_EQ(answer.name, attach.name);
    EXPECT_EQ(answer.role, Role::sender);
    EXPECT_EQ(answer.source, attach.source);
    EXPECT_EQ(answer.target, attach.target);
    EXPECT_EQ(answer.sender_settle_mode, attach.sender_settle_mode);
    EXPECT_EQ(answer.receiver_settle_mode, attach.receiver_settle_mode);
    EXPECT_EQ(answer.initial_delivery_count, 0U);
    EXPECT_EQ(answer.max_message_size, 262'144U);
}

TEST(AmqpLinks, ARefusalIsAnAttachWithoutOurTerminusThenADetach) {
    for (const bool we_receive : {true, false}) {
        AmqpPeer peer;
        peer.open();
        peer.send(we_receive ? sender_to("/nowhere") : receiver_from("/nowhere"));
        const auto request = take<AttachRequested>(peer.events);
        EXPECT_TRUE(peer.engine.refuse_attach(
            request.link, {.condition = "amqp:not-found", .description = "no such address"}));
        EXPECT_FALSE(peer.engine.accept_attach(request.link));
        peer.collect();
        ASSERT_EQ(peer.received.size(), 2U);
        const auto& attach = std::get<Attach>(peer.received[0]);
        EXPECT_EQ(attach.target.has_value(), !we_receive);
        EXPECT_EQ(attach.source.has_value(), we_receive);
        EXPECT_EQ(attach.initial_delivery_count.has_value(), !we_receive);
        const auto& detach = std::get<Detach>(peer.received[1]);
        EXPECT_TRUE(detach.closed);
        EXPECT_EQ(detach.error->condition, "amqp:not-found");
        // The handle is free again once the peer has detached too.
        peer.send(Detach{.handle = 0, .closed = true});
        EXPECT_TRUE(peer.events.empty());
        peer.send(sender_to("/again"));
        EXPECT_EQ(count<AttachRequested>(peer.events), 1U);
    }
}

TEST(AmqpLinks, AClientHearsOfARefusalAsDetachedOnly) {
    AmqpPair pair;
    const SessionId session = pair.open();
    const LinkId link = *pair.client.attach(session, sender_to("/nowhere"));
    pair.pump();
    pair.server.refuse_attach(take<AttachRequested>(pair.server_events).link,
                              {.condition = "amqp:unauthorized-access"});
    pair.pump();
    EXPECT_EQ(count<Attached>(pair.client_events), 0U);
    const auto detached = take<Detached>(pair.client_events);
    EXPECT_EQ(detached.link, link);
    EXPECT_EQ(detached.error->condition, condition::unauthorized_access);
    EXPECT_FALSE(pair.client.can_send(link));
}

TEST(AmqpLinks, ADetachIsAnsweredAndReportedOnceWithItsError) {
    AmqpPair pair;
    const SessionId session = pair.open();
    const auto link = pair.attach(session, sender_to("a"));
    EXPECT_TRUE(pair.client.detach(link.client, ErrorCondition{.condition = "amqp:not-found"}));
    EXPECT_FALSE(pair.client.detach(link.client));
    pair.pump();
    const auto detached = take<Detached>(pair.server_events);
    EXPECT_EQ(detached.link, link.server);
    EXPECT_EQ(detached.error->condition, "amqp:not-found");
    EXPECT_EQ(count<Detached>(pair.client_events), 0U);
    EXPECT_FALSE(pair.server.set_credit_window(link.server, 5));
    // Start afresh under the same name.
    pair.attach(session, sender_to("a"));
}

TEST(AmqpLinks, DetachesThatCrossAreBothAnswersToTheOther) {
    AmqpPair pair;
    const SessionId session = pair.open();
    const auto link = pair.attach(session, sender_to("a"));
    pair.client.detach(link.client);
    pair.server.detach(link.server);
    pair.pump();
    EXPECT_EQ(count<Detached>(pair.client_events) + count<Detached>(pair.server_events), 0U);
    pair.attach(session, sender_to("a"));
}

TEST(AmqpLinks, ALinkThatThePeerTakesBackBeforeOurAnswerIsAttachedThenDetached) {
    AmqpPeer peer;
    peer.open();
    peer.send(sender_to("a"));
    peer.send(Detach{.handle = 0, .closed = true});
    peer.got<Attach>();
    EXPECT_TRUE(peer.got<Detach>().closed);
    const LinkId link = take<AttachRequested>(peer.events).link;
    EXPECT_EQ(take<Detached>(peer.events).link, link);
    EXPECT_FALSE(peer.engine.accept_attach(link));
}

TEST(AmqpLinks, AClientMayDetachBeforeTheAnswerToItsAttach) {
    AmqpPair pair;
    const SessionId session = pair.open();
    const LinkId link = *pair.client.attach(session, sender_to("a"));
    pair.client.detach(link);
    pair.pump();
    EXPECT_EQ(count<Detached>(pair.server_events), 1U);
    EXPECT_EQ(count<Attached>(pair.client_events), 0U);
    EXPECT_EQ(count<Failed>(pair.client_events) + count<Ended>(pair.client_events), 0U);
}

TEST(AmqpLinks, AClientMayAttachBeforeItsSessionIsAnswered) {
    AmqpPair pair;
    pair.pump();
    const SessionId session = *pair.client.begin();
    const LinkId link = *pair.client.attach(session, sender_to("a"));
    pair.pump();
    EXPECT_EQ(take<Began>(pair.client_events).session, session);
    pair.server.accept_attach(take<AttachRequested>(pair.server_events).link);
    pair.pump();
    EXPECT_EQ(take<Attached>(pair.client_events).link, link);
}

TEST(AmqpLinks, TheEndOfASessionDetachesItsLinksFirst) {
    AmqpPair pair;
    const SessionId session = pair.open();
    const auto out = pair.attach(session, sender_to("a"));
    const auto in = pair.attach(session, receiver_from("b"));
    pair.server_events.clear();
    EXPECT_TRUE(pair.client.end(session));
    pair.pump();
    ASSERT_EQ(pair.server_events.size(), 3U);
    EXPECT_EQ(std::get<Detached>(pair.server_events[0]).link, out.server);
    EXPECT_EQ(std::get<Detached>(pair.server_events[1]).link, in.server);
    EXPECT_TRUE(std::holds_alternative<Ended>(pair.server_events[2]));
    EXPECT_FALSE(pair.client.end(session));
    EXPECT_FALSE(pair.client.attach(session, sender_to("a")));
    EXPECT_TRUE(pair.client.begin());
    pair.pump();
    EXPECT_FALSE(pair.server.finished());
}

TEST(AmqpLinks, AFaultOfASessionEndsItAndNothingElse) {
    struct Fault {
        std::string_view condition;
        void (*commit)(AmqpPeer&);
    };
    const Fault faults[] = {
        {condition::handle_in_use, [](AmqpPeer& peer) { peer.send(sender_to("again")); }},
        {condition::unattached_handle, [](AmqpPeer& peer) { peer.send(Flow{.handle = 9}); }},
        {condition::unattached_handle, [](AmqpPeer& peer) { peer.send(Detach{.handle = 9}); }},
        {condition::unattached_handle,
         [](AmqpPeer& peer) {
             Transfer transfer = AmqpPeer::make_transfer(0);
             transfer.handle = 9;
             peer.send(transfer);
         }},
        {condition::invalid_field,
         [](AmqpPeer& peer) {
             peer.transfer(5, "x");
             peer.transfer(5, "x");
         }},
    };
    for (const Fault& fault : faults) {
        AmqpPeer peer;
        peer.open();
        const LinkId link = peer.attach_sender();
        fault.commit(peer);
        EXPECT_EQ(peer.got<End>().error->condition, fault.condition);
        EXPECT_EQ(take<Detached>(peer.events).link, link);
        EXPECT_EQ(take<Ended>(peer.events).error->condition, fault.condition);
        // Passed over until the peer's end, after which the channel is free.
        peer.transfer(6, "late");
        peer.send(Flow{.handle = 77});
        peer.send(End{});
        peer.begin();
        EXPECT_EQ(count<Began>(peer.events), 1U);
        EXPECT_FALSE(peer.engine.finished());
    }
}

TEST(AmqpLinks, IdsOfLinksThatAreGoneNameNoLaterOne) {
    AmqpPeer peer;
    peer.open();
    const LinkId first = peer.attach_sender();
    peer.send(Detach{.handle = 0, .closed = true});
    peer.events.clear();
    const LinkId second = peer.attach_sender();
    EXPECT_NE(first, second);
    EXPECT_FALSE(peer.engine.set_credit_window(first, 1));
    EXPECT_FALSE(peer.engine.detach(first));
    EXPECT_TRUE(peer.engine.set_credit_window(second, 20));
}

TEST(AmqpLinks, EightThousandLinksFitOneSession) {
    AmqpPeer peer;
    peer.open();
    for (std::uint32_t handle = 0; handle < links_max; ++handle) {
        Attach attach = sender_to("a");
        attach.handle = handle;
        peer.send(attach);
    }
    EXPECT_EQ(count<AttachRequested>(peer.events), links_max);
    peer.begin(1);
    peer.send(sender_to("one more"), 1);
    const auto end = peer.got<End>();
    EXPECT_EQ(end.error->condition, condition::resource_limit_exceeded);
    EXPECT_EQ(end.error->description, "more than 8192 links on one connection");
}

}  // namespace
}  // namespace restante::amqp
