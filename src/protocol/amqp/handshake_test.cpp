// How a connection starts, stays alive and ends.

#include <gmock/gmock.h>

#include "protocol/amqp/condition.hpp"
#include "support/amqp_peer.hpp"

namespace restante::amqp {
namespace {

using namespace test;
using std::chrono::seconds;

Bytes sasl_frame(const auto& body) {
    Bytes bytes;
    FrameWriter writer(bytes, FrameType::sasl, 0);
    write(bytes, body);
    writer.finish();
    return bytes;
}

TEST(AmqpHandshake, WithoutSaslBothEndsOpen) {
    AmqpPair pair;
    pair.pump();
    EXPECT_EQ(take<Opened>(pair.server_events).open.hostname, "hub.localhost");
    EXPECT_EQ(take<Opened>(pair.client_events).open.container_id, "hub");
}

TEST(AmqpHandshake, EachSaslMechanismReachesTheServer) {
    for (const auto& [mechanism, name] : {std::pair{SaslMechanism::anonymous, "ANONYMOUS"},
                                          {SaslMechanism::plain, "PLAIN"},
                                          {SaslMechanism::mssbcbs, "MSSBCBS"},
                                          {SaslMechanism::external, "EXTERNAL"}}) {
        Options server = server_options();
        server.offer_external = true;
        AmqpPair pair(client_options(mechanism), server);
        pair.pump();
        const auto asked = take<SaslRequested>(pair.server_events);
        EXPECT_EQ(asked.mechanism, name);
        EXPECT_EQ(asked.hostname, "hub.localhost");
        if (mechanism == SaslMechanism::plain) {
            EXPECT_EQ(to_text(*asked.initial_response),
                      std::string("\0iothubowner@sas.root.hub\0secret", 32));
        }
        EXPECT_EQ(count<Opened>(pair.client_events), 0U);
        pair.server.sasl_outcome(SaslCode::ok);
        pair.pump();
        EXPECT_EQ(count<Opened>(pair.client_events), 1U);
        EXPECT_EQ(count<Opened>(pair.server_events), 1U);
    }
}

TEST(AmqpHandshake, RefusedCredentialsEndBothSides) {
    AmqpPair pair(client_options(SaslMechanism::plain));
    pair.pump();
    pair.server.sasl_outcome(SaslCode::auth);
    EXPECT_TRUE(pair.server.finished());
    pair.pump();
    EXPECT_EQ(take<Failed>(pair.client_events).error.code, ErrorCode::unauthorized);
    EXPECT_TRUE(pair.client.finished());
}

TEST(AmqpHandshake, AMechanismThatIsNotOfferedIsRefused) {
    AmqpPair pair(client_options(SaslMechanism::external));
    pair.pump();
    EXPECT_EQ(take<Failed>(pair.client_events).error.code, ErrorCode::unauthorized);

    Connection engine(server_options(), start_time);
    engine.receive(sasl_header, start_time);
    engine.receive(sasl_frame(SaslInit{.mechanism = "EXTERNAL"}), start_time);
    std::vector<Event> events;
    drain(engine, events);
    EXPECT_EQ(take<Failed>(events).error.code, ErrorCode::unauthorized);
    EXPECT_TRUE(engine.finished());
}

TEST(AmqpHandshake, AnOutcomeThatNobodyAskedForProvesNothing) {
    Connection client(client_options(SaslMechanism::plain), start_time);
    client.receive(sasl_header, start_time);
    client.receive(sasl_frame(SaslOutcome{}), start_time);
    std::vector<Event> events;
    drain(client, events);
    EXPECT_EQ(take<Failed>(events).error.code, ErrorCode::unauthorized);
}

TEST(AmqpHandshake, MechanismsAreAnArrayOfSymbols) {
    Connection engine(server_options(), start_time);
    engine.receive(sasl_header, start_time);
    EXPECT_FALSE(engine.next_event());
    Bytes expected = to_bytes(BytesView(sasl_header));
    append(expected, BytesView(sasl_frame(
                         SaslMechanisms{.mechanisms = {{"MSSBCBS"}, {"PLAIN"}, {"ANONYMOUS"}}})));
    EXPECT_EQ(engine.take_output(), expected);
}

TEST(AmqpHandshake, WhatFollowsSaslInitWaitsForTheOutcome) {
    AmqpPeer peer;
    peer.wire_headers_left = 0;
    peer.engine.receive(sasl_header, start_time);
    peer.engine.receive(sasl_frame(SaslInit{.mechanism = "MSSBCBS"}), start_time);
    peer.engine.receive(amqp_header, start_time);
    drain(peer.engine, peer.events);
    ASSERT_EQ(peer.events.size(), 1U);
    peer.engine.take_output();
    peer.engine.sasl_outcome(SaslCode::ok);
    drain(peer.engine, peer.events);
    EXPECT_TRUE(std::ranges::equal(BytesView(peer.engine.take_output()).last(8), amqp_header));
}

TEST(AmqpHandshake, HeaderOpenAndBeginMayComeAtOnceAndByteByByte) {
    Bytes bytes = to_bytes(BytesView(amqp_header));
    for (const bool is_open : {true, false}) {
        FrameWriter writer(bytes, FrameType::amqp, 0);
        if (is_open) {
            write(bytes, Open{.container_id = "node"});
        } else {
            write(bytes, Begin{.incoming_window = 2048, .outgoing_window = UINT32_MAX});
        }
        const std::size_t size = writer.size();
        ByteWriter(bytes).patch_u32(bytes.size() - size, static_cast<std::uint32_t>(size));
    }
    AmqpPeer whole;
    whole.raw(bytes);
    EXPECT_EQ(count<Opened>(whole.events), 1U);
    EXPECT_EQ(count<Began>(whole.events), 1U);
    EXPECT_EQ(whole.got<Begin>().remote_channel, 0);

    AmqpPeer pieces;
    for (const std::uint8_t byte : bytes) pieces.raw(BytesView(&byte, 1));
    EXPECT_EQ(count<Began>(pieces.events), 1U);
}

TEST(AmqpHandshake, AWrongHeaderIsAnsweredWithOursAndFails) {
    for (const std::string_view text :
         {std::string_view("GET / HTTP/1.1\r\n"), std::string_view("AMQP\0\1\1\0", 8),
          std::string_view("AMQP\2\1\0\0", 8), std::string_view("\x16\x03")}) {
        Connection engine(server_options(), start_time);
        engine.receive(as_bytes(text), start_time);
        std::vector<Event> events;
        drain(engine, events);
        EXPECT_EQ(take<Failed>(events).error.code, ErrorCode::malformed);
        EXPECT_TRUE(engine.finished());
        EXPECT_TRUE(std::ranges::equal(engine.take_output(), amqp_header));
    }
}

TEST(AmqpHandshake, ASecondSaslHeaderAfterSaslFails) {
    AmqpPair pair(client_options(SaslMechanism::anonymous));
    pair.pump();
    pair.server.sasl_outcome(SaslCode::ok);
    pair.server.receive(sasl_header, start_time);
    drain(pair.server, pair.server_events);
    EXPECT_EQ(count<Failed>(pair.server_events), 1U);
}

TEST(AmqpHandshake, OurOpenNamesEveryLimit) {
    AmqpPeer peer;
    peer.raw(amqp_header);
    peer.send(Open{.container_id = "peer"});
    const auto open = peer.got<Open>();
    EXPECT_EQ(open.container_id, "hub");
    EXPECT_EQ(open.max_frame_size, frame_bytes_max);
    EXPECT_EQ(open.channel_max, channel_max);
    EXPECT_EQ(open.idle_time_out_ms, 240'000U);
}

struct Fault {
    const char* condition;
    void (*commit)(AmqpPeer&);
};

TEST(AmqpHandshake, AFaultOfTheConnectionClosesItWithItsCondition) {
    const Fault faults[] = {
        {"amqp:not-allowed", [](AmqpPeer& peer) { peer.send(Open{.container_id = "again"}); }},
        {"amqp:not-allowed", [](AmqpPeer& peer) { peer.begin(0); }},
        {"amqp:connection:framing-error", [](AmqpPeer& peer) { peer.begin(channel_max + 1); }},
        {"amqp:not-allowed", [](AmqpPeer& peer) { peer.send(Flow{}, 7); }},
        {"amqp:not-allowed", [](AmqpPeer& peer) { peer.send(Begin{.remote_channel = 0}, 3); }},
        {"amqp:not-allowed", [](AmqpPeer& peer) { peer.send(Begin{.remote_channel = 9}, 3); }},
        {"amqp:decode-error",
         [](AmqpPeer& peer) { peer.raw(Bytes{0, 0, 0, 12, 2, 0, 0, 0, 0x00, 0x53, 0x7f, 0x45}); }},
        {"amqp:decode-error",
         [](AmqpPeer& peer) { peer.raw(Bytes{0, 0, 0, 12, 2, 0, 0, 0, 0x00, 0x53, 0x10, 0x45}); }},
        {"amqp:connection:framing-error",
         [](AmqpPeer& peer) { peer.raw(Bytes{0, 0, 0, 7, 2, 0, 0}); }},
        {"amqp:connection:framing-error",
         [](AmqpPeer& peer) { peer.raw(Bytes{0, 0, 0, 8, 1, 0, 0, 0}); }},
        {"amqp:connection:framing-error",
         [](AmqpPeer& peer) { peer.raw(Bytes{0, 0, 0, 8, 3, 0, 0, 0}); }},
        {"amqp:connection:framing-error",
         [](AmqpPeer& peer) { peer.raw(Bytes{0, 0, 0, 8, 2, 1, 0, 0}); }},
        {"amqp:connection:framing-error",
         [](AmqpPeer& peer) { peer.raw(Bytes{0, 1, 0, 1, 2, 0, 0, 0}); }},
        {"amqp:connection:framing-error",
         [](AmqpPeer& peer) {
             Attach attach = sender_to("x");
             attach.handle = handle_max + 1;
             peer.send(attach);
         }},
    };
    for (const Fault& fault : faults) {
        AmqpPeer peer;
        peer.open();
        fault.commit(peer);
        EXPECT_EQ(peer.got<Close>().error->condition, fault.condition);
        ASSERT_EQ(peer.events.size(), 1U);
        take<Failed>(peer.events);
        EXPECT_TRUE(peer.engine.finished());
        peer.send(Open{.container_id = "late"});
        EXPECT_TRUE(peer.events.empty());
    }
}

TEST(AmqpHandshake, AFaultBeforeOpenIsToldAfterOurOpen) {
    const Open tiny{.container_id = "p", .max_frame_size = 511};
    const Open hasty{.container_id = "p", .idle_time_out_ms = 999};
    for (const Open& open : {tiny, hasty}) {
        AmqpPeer peer;
        peer.raw(amqp_header);
        peer.send(open);
        ASSERT_EQ(peer.received.size(), 2U);
        EXPECT_TRUE(std::holds_alternative<Open>(peer.received[0]));
        EXPECT_EQ(std::get<Close>(peer.received[1]).error->condition, condition::invalid_field);
    }
    AmqpPeer peer;
    peer.raw(amqp_header);
    peer.begin();
    EXPECT_EQ(peer.got<Close>().error->condition, condition::not_allowed);
}

TEST(AmqpHandshake, AnAnswerThatThePeersFramesCannotHoldClosesTheConnection) {
    AmqpPeer peer;
    peer.open({.container_id = "p", .max_frame_size = 512});
    Attach attach = sender_to(std::string(600, 'x'));
    peer.send(attach);
    peer.engine.accept_attach(take<AttachRequested>(peer.events).link);
    peer.collect();
    EXPECT_EQ(peer.got<Close>().error->condition, condition::not_allowed);
    EXPECT_LE(peer.largest_frame, 512U);
    EXPECT_TRUE(peer.engine.finished());
}

TEST(AmqpHandshake, APeerThatStaysSilentIsClosedAfterTwiceOurTimeOut) {
    AmqpPeer peer;
    peer.open();
    peer.now += seconds(100);
    peer.raw(Bytes{0, 0, 0, 8, 2, 0, 0, 0});
    EXPECT_EQ(peer.engine.next_deadline(), start_time + seconds(100 + 480));
    peer.engine.advance(start_time + seconds(579));
    EXPECT_FALSE(peer.engine.finished());
    peer.engine.advance(start_time + seconds(580));
    drain(peer.engine, peer.events);
    EXPECT_EQ(take<Failed>(peer.events).error.code, ErrorCode::timeout);
    peer.collect();
    peer.got<Close>();
    EXPECT_FALSE(peer.engine.next_deadline());
}

TEST(AmqpHandshake, AFrameThatNeverEndsIsSilence) {
    AmqpPeer peer;
    peer.open();
    peer.raw(Bytes{0, 0, 0xff, 0xff, 2, 0, 0, 0});
    for (int second = 0; second < 479; ++second) {
        peer.now += seconds(1);
        peer.raw(Bytes{0});
    }
    EXPECT_EQ(peer.engine.next_deadline(), start_time + seconds(480));
    peer.engine.advance(start_time + seconds(480));
    drain(peer.engine, peer.events);
    EXPECT_EQ(take<Failed>(peer.events).error.code, ErrorCode::timeout);
}

TEST(AmqpHandshake, AnEmptyFrameIsSentEveryHalfOfThePeersTimeOut) {
    AmqpPeer peer;
    peer.open({.container_id = "p", .idle_time_out_ms = 10'000});
    EXPECT_EQ(peer.engine.next_deadline(), start_time + seconds(5));
    for (int i = 1; i <= 3; ++i) {
        peer.engine.advance(start_time + seconds(5 * i));
        peer.collect();
        EXPECT_EQ(peer.empty_frames, i);
        EXPECT_EQ(peer.engine.next_deadline(), start_time + seconds(5 * (i + 1)));
    }
}

TEST(AmqpHandshake, APeerThatProvesNothingIsClosedAfterTheStartTimeout) {
    AmqpPeer peer;
    EXPECT_EQ(peer.engine.next_deadline(), start_time + seconds(60));
    peer.raw(amqp_header);
    peer.send(Open{.container_id = "p"});
    peer.engine.advance(start_time + seconds(60));
    drain(peer.engine, peer.events);
    EXPECT_EQ(count<Failed>(peer.events), 1U);

    AmqpPeer proven;
    proven.open();
    proven.engine.advance(start_time + seconds(60));
    EXPECT_FALSE(proven.engine.finished());
}

TEST(AmqpHandshake, APeersCloseIsAnsweredAndIsTheLastEvent) {
    AmqpPair pair;
    pair.open();
    pair.client.close(ErrorCondition{.condition = "amqp:connection:forced"});
    EXPECT_FALSE(pair.client.finished());
    pair.pump();
    EXPECT_EQ(take<Closed>(pair.server_events).error->condition, condition::connection_forced);
    EXPECT_FALSE(take<Closed>(pair.client_events).error);
    EXPECT_TRUE(pair.client.finished());
    EXPECT_TRUE(pair.server.finished());
}

TEST(AmqpHandshake, AClosePeerThatDoesNotAnswerIsWaitedForFiveSeconds) {
    AmqpPeer peer;
    peer.open();
    peer.engine.close();
    peer.send(Flow{}, 7);  // no longer of interest, right or wrong
    EXPECT_FALSE(peer.engine.finished());
    EXPECT_EQ(peer.engine.next_deadline(), start_time + close_timeout);
    peer.engine.advance(start_time + close_timeout);
    EXPECT_TRUE(peer.engine.finished());
    drain(peer.engine, peer.events);
    EXPECT_EQ(count<Closed>(peer.events), 1U);
}

TEST(AmqpHandshake, BeforeAuthenticationAPeerHasFewSessionsAndLinks) {
    AmqpPeer peer;
    peer.raw(amqp_header);
    peer.send(Open{.container_id = "p"});
    peer.begin(0);
    for (std::uint32_t i = 0; i < unauthenticated_links_max; ++i) {
        Attach attach = sender_to("$cbs");
        attach.handle = i;
        peer.send(attach);
    }
    EXPECT_EQ(count<AttachRequested>(peer.events), unauthenticated_links_max);
    Attach attach = sender_to("$cbs");
    attach.handle = unauthenticated_links_max;
    peer.send(attach);
    const auto end = peer.got<End>();
    EXPECT_EQ(end.error->condition, condition::resource_limit_exceeded);
    EXPECT_EQ(end.error->description, "more than 16 links before a proof of identity");

    AmqpPeer other;
    other.raw(amqp_header);
    other.send(Open{.container_id = "p"});
    for (std::uint16_t i = 0; i < unauthenticated_sessions_max; ++i) other.begin(i);
    EXPECT_FALSE(other.engine.finished());
    other.begin(unauthenticated_sessions_max);
    const auto close = other.got<Close>();
    EXPECT_EQ(close.error->condition, condition::resource_limit_exceeded);
    EXPECT_EQ(close.error->description, "more than 4 sessions before a proof of identity");
}

TEST(AmqpHandshake, AThousandSessionsFitOneConnection) {
    AmqpPeer peer;
    peer.open();
    for (std::uint16_t i = 1; i <= channel_max; ++i) peer.begin(i);
    EXPECT_EQ(count<Began>(peer.events), channel_max);
    EXPECT_FALSE(peer.engine.finished());
}

TEST(AmqpHandshake, ASaslFrameOutOfTurnOrUnreadableEndsTheConnection) {
    for (const Bytes& bytes : {sasl_frame(SaslOutcome{}), sasl_frame(SaslMechanisms{}),
                               sasl_frame(SaslChallenge{}), sasl_frame(Close{})}) {
        Connection engine(server_options(), start_time);
        engine.receive(sasl_header, start_time);
        engine.receive(bytes, start_time);
        std::vector<Event> events;
        drain(engine, events);
        EXPECT_EQ(count<SaslRequested>(events), 0U);
        EXPECT_EQ(count<Failed>(events), 1U);
        EXPECT_TRUE(engine.finished());
    }
}

}  // namespace
}  // namespace restante::amqp
