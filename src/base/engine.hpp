#pragma once
// The five verbs that every protocol engine speaks. An engine knows bytes and time, never sockets,
// threads or the hub: bytes in, events out, bytes out.
//
//     engine.receive(bytes, now);             what the peer sent
//     while (auto e = engine.next_event())    what it means
//         ...                                 call the engine's own verbs in answer
//     write(engine.take_output());            what to send, everything queued so far
//     wake me at engine.next_deadline()       when silence becomes meaningful
//     engine.advance(now);                    that time has come
//
// A peer's fault never throws and never asserts: it becomes an event, followed by nothing else.

#include <concepts>
#include <optional>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace restante {

template <class E>
concept Engine = requires(E engine, const E& constant, BytesView bytes, SteadyTime now) {
    engine.receive(bytes, now);
    engine.next_event();
    { engine.take_output() } -> std::same_as<Bytes>;
    { constant.next_deadline() } -> std::same_as<std::optional<SteadyTime>>;
    engine.advance(now);
};

}  // namespace restante
