// uses: protocol_http
// The HTTP client engine: the same bytes, cut in another way, must mean the same; every request is
// either answered or counted as unanswered.
//
// The first byte of the input says how the second reader is fed and which requests are asked; the
// rest is what a server sends.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "protocol/http/client_engine.hpp"

namespace {

using namespace restante;

constexpr std::size_t asked = 4;

struct Heard {
    std::vector<http::Response> responses;
    std::vector<Error> failures;

    bool operator==(const Heard&) const = default;
};

void require(bool condition) {
    if (!condition) std::abort();
}

Heard listen(BytesView input, std::size_t step, bool head) {
    const SteadyTime now{std::chrono::seconds{1}};
    http::ClientEngine engine({.host = "h", .body_bytes_max = 512});
    for (std::size_t i = 0; i < asked; ++i) {
        require(engine.send({.method = head && i == 0 ? "HEAD" : "GET", .target = "/"}, now)
                    .has_value());
    }
    for (std::size_t at = 0; at < input.size(); at += step) {
        engine.receive(input.subspan(at, std::min(step, input.size() - at)), now);
        engine.take_output();
    }
    engine.peer_closed();
    require(engine.finished() && !engine.next_deadline());

    Heard heard;
    std::size_t unanswered = 0;
    while (auto event = engine.next_event()) {
        require(heard.failures.empty());
        if (auto* received = std::get_if<http::ResponseReceived>(&*event)) {
            require(received->response.body.size() <= 512);
            heard.responses.push_back(std::move(received->response));
        } else {
            heard.failures.push_back(std::get<http::RequestsFailed>(*event).error);
            unanswered = std::get<http::RequestsFailed>(*event).unanswered;
        }
    }
    require(heard.responses.size() + unanswered == asked);
    return heard;
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView input(data + 1, size - 1);
    const bool head = (data[0] & 0x80) != 0;
    const Heard whole = listen(input, std::max<std::size_t>(input.size(), 1), head);
    const Heard parts = listen(input, std::size_t{data[0]} % 64 + 1, head);
    require(whole == parts);
    return 0;
}
