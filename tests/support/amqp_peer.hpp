#pragma once
// Two ways to talk to an AMQP engine in memory: another engine (AmqpPair), or frames made by hand
// (AmqpPeer), which may be as wrong as a test wants them.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/amqp/connection.hpp"

namespace restante::amqp::test {

inline constexpr SteadyTime start_time{std::chrono::hours(1)};

inline Options server_options() {
    return {.side = Side::server, .container_id = "hub"};
}

inline Options client_options(SaslMechanism sasl = SaslMechanism::none) {
    return {.side = Side::client,
            .container_id = "client",
            .hostname = "hub.localhost",
            .sasl = sasl,
            .user = "iothubowner@sas.root.hub",
            .password = "secret"};
}

/// The first event of type T among `events`, taken out; fails the test when there is none.
template <class T>
T take(std::vector<Event>& events) {
    for (auto at = events.begin(); at != events.end(); ++at) {
        if (auto* found = std::get_if<T>(&*at)) {
            T event = std::move(*found);
            events.erase(at);
            return event;
        }
    }
    ADD_FAILURE() << "no event of this type";
    if constexpr (std::is_same_v<T, Failed>) {
        return Failed{.error = Error(ErrorCode::cancelled, "")};
    } else {
        return T{};
    }
}

template <class T>
std::size_t count(const std::vector<Event>& events) {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [](const Event& event) { return std::holds_alternative<T>(event); }));
}

inline Result<DeliveryId> send(Connection& engine, LinkId link, std::string_view payload,
                               std::string_view tag = "tag") {
    return engine.send(link, {.tag = as_bytes(tag), .payload = as_bytes(payload)});
}

inline void drain(Connection& engine, std::vector<Event>& events) {
    while (auto event = engine.next_event()) events.push_back(std::move(*event));
}

/// A client and a server engine with a wire between them.
struct AmqpPair {
    explicit AmqpPair(Options client_side = client_options(),
                      Options server_side = server_options())
        : client(std::move(client_side), start_time), server(std::move(server_side), start_time) {}

    /// Carries bytes both ways until neither has more to say.
    void pump() {
        for (;;) {
            drain(client, client_events);
            drain(server, server_events);
            const Bytes up = client.take_output();
            const Bytes down = server.take_output();
            if (up.empty() && down.empty()) return;
            upstream += up.size();
            server.receive(up, now);
            client.receive(down, now);
        }
    }

    /// Both open, the server convinced, one session.
    SessionId open() {
        pump();
        server.authenticated();
        const auto session = client.begin();
        EXPECT_TRUE(session);
        pump();
        return session.value_or(SessionId{});
    }

    struct Ends {
        LinkId client;
        LinkId server;
    };
    /// A link that the client asks for and the server accepts.
    Ends attach(SessionId session, Attach attach, AttachAnswer answer = {}) {
        const auto link = client.attach(session, std::move(attach));
        EXPECT_TRUE(link);
        pump();
        const auto request = take<AttachRequested>(server_events);
        EXPECT_TRUE(server.accept_attach(request.link, std::move(answer)));
        pump();
        take<Attached>(client_events);
        return {.client = link.value_or(LinkId{}), .server = request.link};
    }

    SteadyTime now = start_time;
    std::size_t upstream = 0;  // bytes the client has sent
    Connection client;
    Connection server;
    std::vector<Event> client_events;
    std::vector<Event> server_events;
};

inline Attach sender_to(std::string address) {
    return {.name = "out",
            .role = Role::sender,
            .source = Source{},
            .target = Target{.address = std::move(address)}};
}

inline Attach receiver_from(std::string address) {
    return {.name = "in",
            .role = Role::receiver,
            .source = Source{.address = std::move(address)},
            .target = Target{}};
}

/// Speaks to a server engine in frames made by hand.
class AmqpPeer {
  public:
    explicit AmqpPeer(Options options = server_options())
        : engine(std::move(options), start_time) {}

    void raw(BytesView bytes) {
        engine.receive(bytes, now);
        drain(engine, events);
        collect();
    }

    template <class T>
    void send(const T& performative, std::uint16_t channel = 0, std::string_view payload = {}) {
        Bytes bytes;
        FrameWriter writer(bytes, FrameType::amqp, channel);
        write(bytes, performative);
        append(bytes, payload);
        writer.finish();
        raw(bytes);
    }

    /// The header, open and one session on channel 0; the server convinced.
    void open(Open open = {.container_id = "peer"}) {
        raw(amqp_header);
        send(open);
        engine.authenticated();
        begin();
        events.clear();
        received.clear();
    }
    void begin(std::uint16_t channel = 0, std::uint32_t window = 100) {
        send(Begin{.next_outgoing_id = 0, .incoming_window = window, .outgoing_window = 100},
             channel);
    }

    /// A link on `handle`, accepted: the peer sends and has `credit`.
    LinkId attach_sender(std::uint32_t handle = 0, std::uint32_t credit = 10,
                         AttachAnswer answer = {}) {
        Attach attach = sender_to("/messages/devicebound");
        attach.handle = handle;
        attach.initial_delivery_count = 0;
        send(attach);
        const LinkId link = take<AttachRequested>(events).link;
        engine.accept_attach(link, std::move(answer));
        engine.set_credit_window(link, credit);
        collect();
        received.clear();
        return link;
    }
    LinkId attach_receiver(std::uint32_t handle = 0) {
        Attach attach = receiver_from("/messages/servicebound/feedback");
        attach.handle = handle;
        send(attach);
        const LinkId link = take<AttachRequested>(events).link;
        engine.accept_attach(link);
        collect();
        received.clear();
        return link;
    }
    void transfer(std::uint32_t id, std::string_view payload, bool more = false) {
        send(make_transfer(id, more), 0, payload);
    }
    static Transfer make_transfer(std::uint32_t id, bool more = false) {
        static const Bytes tag = to_bytes("tag");
        return {
            .handle = 0, .delivery_id = id, .delivery_tag = tag, .settled = false, .more = more};
    }

    /// What the engine has queued, decoded onto `received`.
    void collect() {
        bytes_received = engine.take_output();
        wire.append(bytes_received);
        while (wire_headers_left > 0) {
            const auto header = wire.header();
            if (!header) return;
            --wire_headers_left;
        }
        for (;;) {
            const auto frame = wire.next(UINT32_MAX);
            ASSERT_TRUE(frame);
            if (!*frame) return;
            largest_frame = std::max(largest_frame, (*frame)->body.size() + frame_header_bytes);
            if ((*frame)->body.empty()) {
                ++empty_frames;
                continue;
            }
            ByteReader in((*frame)->body);
            auto performative = read_performative(in);
            ASSERT_TRUE(performative);
            payloads.push_back(to_text(in.take_rest()));
            received.push_back(std::move(*performative));
        }
    }

    /// The first performative of type T received, taken out.
    template <class T>
    T got() {
        for (auto at = received.begin(); at != received.end(); ++at) {
            if (auto* found = std::get_if<T>(&*at)) {
                T performative = std::move(*found);
                received.erase(at);
                return performative;
            }
        }
        ADD_FAILURE() << "no performative of this type";
        return T{};
    }

    SteadyTime now = start_time;
    Connection engine;
    FrameReader wire;
    int wire_headers_left = 1;
    Bytes bytes_received;
    std::size_t largest_frame = 0;
    int empty_frames = 0;
    std::vector<Event> events;
    std::vector<Performative> received;  // their tags are not valid any more
    std::vector<std::string> payloads;
};

}  // namespace restante::amqp::test
