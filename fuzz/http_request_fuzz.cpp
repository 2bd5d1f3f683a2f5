// uses: protocol_http
// The HTTP server engine: the same bytes, cut in another way, must mean the same, and what it
// refuses it must refuse once and for all.
//
// The first byte of the input says how the second reader is fed; the rest is what a client sends.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "protocol/http/server_engine.hpp"
#include "protocol/http/target.hpp"

namespace {

using namespace restante;

struct Heard {
    std::vector<http::Request> requests;
    std::vector<Error> failures;
    Bytes output;
    bool finished = false;

    bool operator==(const Heard&) const = default;
};

void require(bool condition) {
    if (!condition) std::abort();
}

/// Answers each request with its own target and body in places where they could do harm.
void answer(http::ServerEngine& engine, const http::Request& request, SteadyTime now) {
    const auto target = http::Target::parse(request.target);
    std::string echo = request.target;
    for (const auto& segment : target.segments) echo += segment;
    engine.respond({.status = 200, .headers = {{"X-Echo", echo}}, .body = request.body}, now);
}

Heard listen(BytesView input, std::size_t step) {
    const SteadyTime now{std::chrono::seconds{1}};
    http::ServerEngine engine({.body_bytes_max = 512});
    engine.start(now);
    Heard heard;
    for (std::size_t at = 0; at < input.size(); at += step) {
        engine.receive(input.subspan(at, std::min(step, input.size() - at)), now);
        while (auto event = engine.next_event()) {
            require(heard.failures.empty());
            if (const auto* received = std::get_if<http::RequestReceived>(&*event)) {
                require(received->request.body.size() <= 512);
                require(received->request.headers.size() <= http::header_count_max);
                heard.requests.push_back(received->request);
                answer(engine, received->request, now);
            } else {
                heard.failures.push_back(std::get<http::Failed>(*event).error);
            }
        }
        append(heard.output, engine.take_output());
    }
    heard.finished = engine.finished();
    require(heard.finished || engine.next_deadline().has_value());
    return heard;
}

}  // namespace

// The name and signature libFuzzer prescribes.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView input(data + 1, size - 1);
    Heard whole = listen(input, std::max<std::size_t>(input.size(), 1));
    Heard parts = listen(input, std::size_t{data[0]} % 64 + 1);
    // Whether "100 Continue" is worth sending depends on what has arrived: not part of the claim.
    whole.output.clear();
    parts.output.clear();
    require(whole == parts);
    return 0;
}
