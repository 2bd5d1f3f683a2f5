#include "protocol/websocket/handshake.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "protocol/http/head.hpp"
#include "protocol/http/serialize.hpp"

namespace restante::websocket {
namespace {

constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view version = "13";
constexpr std::size_t key_bytes = 16;
constexpr std::size_t sha1_bytes = 20;

std::unexpected<OpeningRefusal> refuse(std::string reason) {
    return std::unexpected(
        OpeningRefusal{.status = 400, .reason = std::move(reason), .headers = {}});
}

std::unexpected<OpeningRefusal> refuse_unless_upgraded(std::string reason) {
    return std::unexpected(OpeningRefusal{
        .status = 426,
        .reason = std::move(reason),
        .headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", std::string(version)}}});
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The members of a list that may be spread over several fields [RFC 6455 11.3.4].
std::vector<std::string> list_of(const http::Headers& headers, std::string_view name) {
    std::vector<std::string> members;
    for (const auto& header : headers) {
        if (!iequals(header.name, name)) continue;
        for (const auto part : split(header.value, ',')) {
            if (const auto member = trim(part); !member.empty()) members.emplace_back(member);
        }
    }
    return members;
}

bool asks_for_websocket(const http::Headers& headers) {
    return headers.has_token("Upgrade", "websocket") && headers.has_token("Connection", "upgrade");
}

}  // namespace

std::string accept_of(std::string_view key) {
    const std::string text = fmt::format("{}{}", key, accept_suffix);
    std::array<std::uint8_t, sha1_bytes> digest{};
    unsigned int size = 0;
    const int done =
        EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    RESTANTE_ASSERT(done == 1 && size == sha1_bytes);
    return to_base64(digest);
}

std::expected<Opening, OpeningRefusal> read_opening(const http::Request& request) {
    const auto& headers = request.headers;
    if (request.method != "GET" || !asks_for_websocket(headers)) {
        return refuse_unless_upgraded(
            "a WebSocket is opened here: GET with 'Upgrade: websocket' and 'Connection: Upgrade'");
    }
    if (headers.count("Sec-WebSocket-Version") != 1 ||
        headers.find("Sec-WebSocket-Version") != version) {
        return refuse_unless_upgraded("Sec-WebSocket-Version has to be 13");
    }
    const auto key = headers.find("Sec-WebSocket-Key").value_or("");
    const auto decoded = from_base64(key);
    if (headers.count("Sec-WebSocket-Key") != 1 || !decoded || decoded->size() != key_bytes) {
        return refuse("Sec-WebSocket-Key has to be 16 bytes in base64");
    }
    return Opening{.key = std::string(key),
                   .subprotocols = list_of(headers, "Sec-WebSocket-Protocol")};
}

std::optional<Subprotocol> choose(std::span<const std::string> offered,
                                  std::span<const std::string> known) {
    for (const std::string& offer : offered) {
        for (std::size_t i = 0; i < known.size(); ++i) {
            if (iequals(offer, known[i])) return Subprotocol{.offered = offer, .known = i};
        }
    }
    return std::nullopt;
}

http::Response accept(const Opening& opening, std::string_view subprotocol) {
    return {.status = 101,
            .headers = {{"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Accept", accept_of(opening.key)},
                        {"Sec-WebSocket-Protocol", std::string(subprotocol)}},
            .body = {}};
}

std::string ClientOpening::new_key() {
    return to_base64(random_bytes(key_bytes));
}

Bytes request_of(const ClientOpening& opening) {
    return to_bytes(
        fmt::format("GET {} HTTP/1.1\r\n"
                    "Host: {}\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Key: {}\r\n"
                    "Sec-WebSocket-Version: {}\r\n"
                    "Sec-WebSocket-Protocol: {}\r\n"
                    "\r\n",
                    opening.target, opening.host, opening.key, version, opening.subprotocol));
}

Result<std::optional<std::size_t>> read_answer(BytesView bytes, const ClientOpening& opening) {
    const std::string_view text = as_text(bytes);
    const auto end = http::find_head_end(text, 0);
    if (!end) return fail(ErrorCode::malformed, std::string(end.error().reason));
    if (*end == 0) return std::nullopt;
    const auto head = http::parse_response_head(text.substr(0, *end), false);
    if (!head) return fail(ErrorCode::malformed, std::string(head.error().reason));

    const auto& [status, headers, body] = head->response;
    if (status != 101) {
        return fail(ErrorCode::connection_failed,
                    fmt::format("the server answered {} {} instead of opening a WebSocket", status,
                                http::reason_phrase(status)));
    }
    if (!asks_for_websocket(headers) ||
        headers.find("Sec-WebSocket-Accept") != accept_of(opening.key)) {
        return fail(ErrorCode::protocol_error, "the server's 101 opens no WebSocket of ours");
    }
    if (!iequals(headers.find("Sec-WebSocket-Protocol").value_or(""), opening.subprotocol)) {
        return fail(ErrorCode::protocol_error,
                    fmt::format("the server does not speak {}", opening.subprotocol));
    }
    if (headers.count("Sec-WebSocket-Extensions") != 0) {
        return fail(ErrorCode::protocol_error, "the server uses an extension nobody offered");
    }
    return *end;
}

}  // namespace restante::websocket
