#include "protocol/websocket/connection.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace restante::websocket {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr SteadyTime start{seconds{1000}};

/// One end, and what it reported.
class End {
  public:
    explicit End(Role role) : connection(role) {}

    void receive(BytesView bytes, std::size_t step = SIZE_MAX) {
        while (!bytes.empty()) {
            const auto part = bytes.first(std::min(step, bytes.size()));
            connection.receive(part, start);
            bytes = bytes.subspan(part.size());
            drain();
        }
    }
    void receive(const Bytes& bytes) { receive(BytesView(bytes)); }
    void drain() {
        while (auto event = connection.next_event()) {
            EXPECT_TRUE(ending.empty()) << "an event after the last one";
            if (const auto* received = std::get_if<Received>(&*event)) {
                EXPECT_FALSE(received->bytes.empty());
                stream += as_text(received->bytes);
            } else if (const auto* closed = std::get_if<Closed>(&*event)) {
                ending = "closed " + std::to_string(static_cast<int>(closed->code));
            } else {
                ending = std::get<Failed>(*event).error.message;
            }
        }
    }

    Connection connection;
    std::string stream;
    std::string ending;
};

Bytes frame(std::uint8_t first, std::string_view payload) {
    Bytes bytes;
    append_frame(bytes, Opcode::binary, as_bytes(payload), MaskingKey{0x37, 0xFA, 0x21, 0x3D});
    bytes[0] = first;
    return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
    append(a, b);
    return a;
}

Bytes close_frame(CloseCode code) {
    const auto value = static_cast<std::uint16_t>(code);
    return {0x88, 2, static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

/// Expects that these bytes are the client's fault, whichever way they arrive.
void expect_fault(const Bytes& bytes, CloseCode code, std::string_view reason) {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
        End server(Role::server);
        server.receive(bytes, step);
        EXPECT_EQ(server.ending, reason);
        EXPECT_EQ(server.connection.take_output(), close_frame(code)) << reason;
        EXPECT_TRUE(server.connection.finished());
        EXPECT_EQ(server.connection.next_deadline(), std::nullopt);
        server.receive(frame(0x82, "more"));
        server.connection.send(as_bytes("more"));
        server.connection.close(CloseCode::normal);
        EXPECT_EQ(server.stream, "");
        EXPECT_THAT(server.connection.take_output(), IsEmpty());
    }
}

// -- the stream ----------------------------------------------------------------------------------

TEST(WebSocketConnection, JoinsMessagesAndFragmentsToOneStream) {
    const Bytes bytes = frame(0x82, "one ") + frame(0x02, "tw") + frame(0x00, "") +
                        frame(0x89, "ping") + frame(0x80, "o ") + frame(0x82, "") +
                        frame(0x82, std::string(70'000, 'x')) + frame(0x82, std::string(200, 'y'));
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}, std::size_t{2}, std::size_t{13}}) {
        End server(Role::server);
        server.receive(bytes, step);
        EXPECT_EQ(server.ending, "");
        EXPECT_EQ(server.stream, "one two " + std::string(70'000, 'x') + std::string(200, 'y'));
        EXPECT_EQ(server.connection.take_output(), (Bytes{0x8A, 4, 'p', 'i', 'n', 'g'}));
    }
}

TEST(WebSocketConnection, PassesAFrameOnBeforeItsEnd) {
    End client(Role::client);
    client.receive(Bytes{0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 'a', 'b'});
    EXPECT_EQ(client.stream, "ab");
    client.receive(Bytes{'c'});
    EXPECT_EQ(client.stream, "abc");
}

TEST(WebSocketConnection, AServerSendsItsStreamUnmasked) {
    End server(Role::server);
    server.connection.send(as_bytes("Hello"));
    server.connection.send({});
    EXPECT_THAT(server.connection.take_output(), ElementsAre(0x82, 5, 'H', 'e', 'l', 'l', 'o'));
    EXPECT_THAT(server.connection.take_output(), IsEmpty());
}

TEST(WebSocketConnection, AClientMasksEachFrameWithAKeyOfItsOwn) {
    End client(Role::client);
    client.connection.send(as_bytes("Hello"));
    client.connection.send(as_bytes("Hello"));
    const Bytes output = client.connection.take_output();
    ASSERT_THAT(output, SizeIs(22));
    EXPECT_EQ(output[0], 0x82);
    EXPECT_EQ(output[1], 0x85);
    EXPECT_NE(Bytes(output.begin() + 2, output.begin() + 6),
              Bytes(output.begin() + 13, output.begin() + 17));
    End server(Role::server);
    server.receive(output);
    EXPECT_EQ(server.stream, "HelloHello");
}

TEST(WebSocketConnection, LongOutputLeavesInSeveralFrames) {
    End server(Role::server);
    server.connection.send(Bytes(100'000, 'z'));
    const Bytes output = server.connection.take_output();
    EXPECT_EQ(output.size(), 100'000U + 4 + 4);
    EXPECT_EQ(output[1], 0x7E);
    End client(Role::client);
    client.receive(output);
    EXPECT_EQ(client.stream, std::string(100'000, 'z'));
}

// -- pings ---------------------------------------------------------------------------------------

TEST(WebSocketConnection, AnswersTheExamplePing) {
    End server(Role::server);
    server.receive(Bytes{0x89, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58});
    EXPECT_THAT(server.connection.take_output(), ElementsAre(0x8A, 5, 'H', 'e', 'l', 'l', 'o'));
}

TEST(WebSocketConnection, OfManyPingsTheLastIsAnswered) {
    End server(Role::server);
    for (int i = 0; i < 10'000; ++i) server.receive(frame(0x89, "first"));
    server.receive(frame(0x89, "last") + frame(0x8A, "nobody asked"));
    EXPECT_THAT(server.connection.take_output(), ElementsAre(0x8A, 4, 'l', 'a', 's', 't'));
    server.receive(frame(0x89, ""));
    EXPECT_THAT(server.connection.take_output(), ElementsAre(0x8A, 0));
}

// -- the end -------------------------------------------------------------------------------------

TEST(WebSocketConnection, EchoesTheCodeOfThePeersClose) {
    End server(Role::server);
    server.receive(frame(0x82, "last words") + frame(0x89, "x") + frame(0x88, "\x03\xE9gone") +
                   frame(0x82, "ignored"));
    EXPECT_EQ(server.stream, "last words");
    EXPECT_EQ(server.ending, "closed 1001");
    EXPECT_EQ(server.connection.take_output(), close_frame(CloseCode::going_away));
    EXPECT_TRUE(server.connection.finished());
}

TEST(WebSocketConnection, AnswersACloseWithoutACode) {
    End server(Role::server);
    server.receive(frame(0x88, ""));
    EXPECT_EQ(server.ending, "closed 1005");
    EXPECT_THAT(server.connection.take_output(), ElementsAre(0x88, 0));
}

TEST(WebSocketConnection, ClosesBehindWhatWasSentAndWaitsForTheAnswer) {
    End server(Role::server);
    server.connection.send(as_bytes("bye"));
    server.connection.close(CloseCode::normal);
    server.connection.send(as_bytes("too late"));
    EXPECT_EQ(server.connection.take_output(),
              Bytes({0x82, 3, 'b', 'y', 'e'}) + close_frame(CloseCode::normal));
    EXPECT_FALSE(server.connection.finished());
    server.receive(frame(0x82, "dropped") + frame(0x89, "unanswered"));
    EXPECT_THAT(server.connection.take_output(), IsEmpty());
    server.receive(frame(0x88, "\x03\xE8"));
    EXPECT_TRUE(server.connection.finished());
    EXPECT_THAT(server.connection.take_output(), IsEmpty());
    EXPECT_EQ(server.stream + server.ending, "");
}

TEST(WebSocketConnection, WaitsNoLongerThanItsTimeoutForTheAnswer) {
    Connection server(Role::server, seconds{5});
    EXPECT_EQ(server.next_deadline(), std::nullopt);
    server.close(CloseCode::normal);
    ASSERT_LE(server.next_deadline(), start);
    server.advance(start);
    EXPECT_EQ(server.next_deadline(), start + seconds{5});
    server.advance(start + seconds{4});
    EXPECT_FALSE(server.finished());
    server.advance(start + seconds{5});
    EXPECT_TRUE(server.finished());
    EXPECT_EQ(server.next_deadline(), std::nullopt);
    EXPECT_EQ(server.next_event(), std::nullopt);
}

TEST(WebSocketConnection, AFaultAfterOurCloseIsJustTheEnd) {
    End server(Role::server);
    server.connection.close(CloseCode::normal);
    server.connection.take_output();
    server.receive(frame(0xF2, "nonsense"));
    EXPECT_TRUE(server.connection.finished());
    EXPECT_EQ(server.ending, "");
    EXPECT_THAT(server.connection.take_output(), IsEmpty());
}

TEST(WebSocketConnection, ClosesWithTheCodeOfThePeersFault) {
    expect_fault(Bytes{0x82, 0x05, 'H'}, CloseCode::protocol_error,
                 "an unmasked frame from a client");
    expect_fault(frame(0x80, "x"), CloseCode::protocol_error, "a continuation of no message");
    expect_fault(frame(0x02, "") + frame(0x82, "x"), CloseCode::protocol_error,
                 "a message inside another one");
    expect_fault(frame(0x81, "text"), CloseCode::unsupported_data,
                 "a text message; only binary ones are spoken");
    expect_fault(frame(0x88, "\x03"), CloseCode::protocol_error, "a close with half a code");
    expect_fault(frame(0x88, "\x03\xED"), CloseCode::protocol_error,
                 "a close with a code nobody may send");
    expect_fault(frame(0x88, "\x03\xE8\xFF"), CloseCode::invalid_payload,
                 "a close whose reason is not UTF-8");
}

TEST(WebSocketConnection, WhatCameBeforeAFaultIsStillReported) {
    End server(Role::server);
    server.receive(frame(0x82, "good") + frame(0x81, "bad"));
    EXPECT_EQ(server.stream, "good");
    EXPECT_EQ(server.ending, "a text message; only binary ones are spoken");
}

TEST(WebSocketConnection, HoldsNoMoreThanItsBoundForAnOwnerThatDoesNotAsk) {
    Connection server(Role::server);
    const Bytes bytes = frame(0x82, std::string(60'000, 'x'));
    for (int i = 0; i < 20; ++i) server.receive(bytes, start);
    EXPECT_TRUE(server.finished());
    EXPECT_EQ(server.take_output(), close_frame(CloseCode::too_big));
    const auto event = server.next_event();
    ASSERT_TRUE(event);
    EXPECT_LE(std::get<Received>(*event).bytes.size(), received_bytes_max);
    EXPECT_TRUE(std::holds_alternative<Failed>(*server.next_event()));
}

TEST(WebSocketConnection, AClientClosesMaskedAndRefusesMaskedFrames) {
    End client(Role::client);
    client.receive(frame(0x82, "x"));
    EXPECT_EQ(client.ending, "a masked frame from a server");
    End server(Role::server);
    server.receive(client.connection.take_output());
    EXPECT_EQ(server.ending, "closed 1002");
}

}  // namespace
}  // namespace restante::websocket
