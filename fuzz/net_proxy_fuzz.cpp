// uses: net
// A proxy that says anything. The first byte chooses HTTP or SOCKS 5, with or without a login, the
// second into how large pieces the answer is cut: the cut must not change what it means.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "base/byte_reader.hpp"
#include "net/proxy.hpp"

namespace {

using namespace restante;

constexpr std::size_t asked_bytes_max = 4096;
/// What the login holds; no error may tell it.
constexpr const char* password = "fuzz-password-3141";

struct Outcome {
    bool open = false;
    std::string error;
    Bytes asked;
    bool operator==(const Outcome&) const = default;
};

Outcome talk(const net::Proxy& proxy, BytesView answer, std::size_t piece) {
    net::ProxyHandshake handshake(proxy, "hub.example", 8883);
    Outcome outcome;
    append(outcome.asked, handshake.take_output());
    // After the way is open the rest is not the proxy's.
    while (!answer.empty() && !outcome.open && outcome.error.empty()) {
        const auto now = answer.first(std::min(piece, answer.size()));
        answer = answer.subspan(now.size());
        const auto open = handshake.receive(now);
        append(outcome.asked, handshake.take_output());
        if (!open) outcome.error = open.error().message;
        outcome.open = open && *open;
    }
    RESTANTE_ASSERT(outcome.asked.size() <= asked_bytes_max);
    if (!proxy.password.empty()) RESTANTE_ASSERT(!outcome.error.contains(proxy.password));
    return outcome;
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in(BytesView(data, size));
    const auto kind = in.u8();
    const std::size_t piece = in.u8() % 8 + 1U;
    if (!in.ok()) return 0;
    const net::Proxy proxy{.type = kind % 2 == 0 ? net::ProxyType::http : net::ProxyType::socks5,
                           .host = "proxy.example",
                           .port = 3128,
                           .user_name = kind / 2 % 2 == 0 ? "" : "user",
                           .password = kind / 2 % 2 == 0 ? "" : password};
    const auto answer = in.take(in.remaining());
    const auto in_bytes = talk(proxy, answer, 1);
    const auto in_pieces = talk(proxy, answer, piece);
    // What stands behind an answer is refused when it comes together with it, and left alone when
    // it comes later: only there may the two differ.
    if (in_pieces.open) RESTANTE_ASSERT(in_bytes.open && in_bytes.asked == in_pieces.asked);
    if (!in_bytes.error.empty()) RESTANTE_ASSERT(!in_pieces.open);
    return 0;
}
