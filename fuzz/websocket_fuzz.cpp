// uses: protocol_websocket
// Both ends of a WebSocket. The first byte chooses: 0 a server and 1 a client, each against a peer
// that says anything, 2 a client that reads the answer to its opening handshake, otherwise both
// ends joined. The same bytes, cut in another way, must mean the same; what an end sends is whole
// frames; and of two that are joined, neither accuses the other or loses a byte.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "base/byte_reader.hpp"
#include "protocol/websocket/connection.hpp"
#include "protocol/websocket/handshake.hpp"

namespace {

using restante::append;
using restante::ByteReader;
using restante::Bytes;
using restante::BytesView;
using restante::SteadyTime;
namespace websocket = restante::websocket;
using websocket::Connection;
using websocket::Role;

/// One send may be longer than a frame; all of them together stay small enough to fuzz fast.
constexpr std::size_t sent_bytes_max = 70'000;
constexpr std::uint8_t size_of_a_long_send = 255;

/// What one end heard.
struct Heard {
    Bytes stream;
    std::string ending;

    void drain(Connection& connection) {
        while (auto event = connection.next_event()) {
            RESTANTE_ASSERT(ending.empty());
            if (const auto* received = std::get_if<websocket::Received>(&*event)) {
                RESTANTE_ASSERT(!received->bytes.empty());
                append(stream, received->bytes);
            } else if (const auto* closed = std::get_if<websocket::Closed>(&*event)) {
                ending = "closed";
                RESTANTE_ASSERT(closed->code == websocket::CloseCode::no_status ||
                                websocket::is_close_code(static_cast<std::uint16_t>(closed->code)));
            } else {
                ending = std::get<websocket::Failed>(*event).error.message;
            }
        }
        RESTANTE_ASSERT(ending.empty() || connection.finished());
    }
    bool operator==(const Heard&) const = default;
};

/// What an end sends is whole frames that its peer may read, nothing behind a close.
void check_output(BytesView rest, Role reader, bool& closed) {
    while (!rest.empty()) {
        RESTANTE_ASSERT(!closed);
        const auto header = websocket::read_header(rest, reader);
        RESTANTE_ASSERT(header && *header && (*header)->fin);
        const auto size = (*header)->header_bytes + (*header)->payload_bytes;
        RESTANTE_ASSERT(size <= rest.size());
        closed = (*header)->opcode == websocket::Opcode::close;
        rest = rest.subspan(size);
    }
}

Heard listen(BytesView input, std::size_t step, Role role) {
    Connection connection(role);
    Heard heard;
    bool closed = false;
    for (std::size_t at = 0; at < input.size(); at += step) {
        connection.receive(input.subspan(at, std::min(step, input.size() - at)), {});
        heard.drain(connection);
        check_output(connection.take_output(), role == Role::server ? Role::client : Role::server,
                     closed);
    }
    RESTANTE_ASSERT(closed == connection.finished() && !connection.next_deadline());
    RESTANTE_ASSERT(heard.stream.size() <= input.size());
    return heard;
}

void run_alone(BytesView input, Role role) {
    const std::size_t step = input.empty() ? 1 : input.front() % 32 + 1U;
    RESTANTE_ASSERT(listen(input, std::max<std::size_t>(input.size(), 1), role) ==
                    listen(input, step, role));
}

void run_answer(BytesView input) {
    const websocket::ClientOpening opening{
        .host = "h", .target = "/", .subprotocol = "mqtt", .key = "dGhlIHNhbXBsZSBub25jZQ=="};
    const auto read = websocket::read_answer(input, opening);
    RESTANTE_ASSERT(!read || !*read || **read <= input.size());
    // What is whole stays whole, whatever follows.
    if (read && *read)
        RESTANTE_ASSERT(websocket::read_answer(input.first(**read), opening) == read);
}

void carry(const Bytes& bytes, std::size_t piece, Connection& to, Heard& heard) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        to.receive(BytesView(bytes).subspan(at, std::min(piece, bytes.size() - at)), {});
        heard.drain(to);
    }
}

/// Each step is an operation and a size.
void run_joined(ByteReader& script) {
    Connection ends[]{Connection(Role::server), Connection(Role::client)};
    Bytes sent[2];
    Heard heard[2];
    SteadyTime now{};
    bool closing = false;
    while (!script.empty()) {
        const std::uint8_t operation = script.u8();
        const std::uint8_t size = script.u8();
        const std::size_t from = operation % 2;
        const std::size_t to = 1 - from;
        switch (operation / 2 % 4) {
            case 0: {
                if (sent[from].size() > sent_bytes_max) break;
                const Bytes bytes(size == size_of_a_long_send ? sent_bytes_max : size, operation);
                ends[from].send(bytes);
                if (!closing) append(sent[from], bytes);
                break;
            }
            case 1:
                carry(ends[from].take_output(), size + 1U, ends[to], heard[to]);
                break;
            case 2:
                now += std::chrono::seconds(size);
                ends[from].advance(now);
                break;
            default:
                if (size != 0) break;  // or conversations would all be short
                ends[from].close(websocket::CloseCode::normal);
                closing = true;
                break;
        }
        for (const std::size_t end : {0U, 1U}) {
            RESTANTE_ASSERT(heard[end].ending.empty() || heard[end].ending == "closed");
            const BytesView stream(heard[end].stream);
            RESTANTE_ASSERT(stream.size() <= sent[1 - end].size());
            RESTANTE_ASSERT(std::equal(stream.begin(), stream.end(), sent[1 - end].begin()));
        }
    }
    if (closing) return;
    for (const std::size_t end : {0U, 1U}) {
        carry(ends[end].take_output(), 4096, ends[1 - end], heard[1 - end]);
        RESTANTE_ASSERT(heard[1 - end].stream == sent[end]);
    }
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader script(BytesView(data, size));
    const std::uint8_t mode = script.u8();
    if (mode == 0) run_alone(script.take_rest(), Role::server);
    if (mode == 1) run_alone(script.take_rest(), Role::client);
    if (mode == 2) run_answer(script.take_rest());
    if (mode > 2) run_joined(script);
    return 0;
}
