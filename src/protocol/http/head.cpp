#include "protocol/http/head.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "protocol/http/limits.hpp"

namespace restante::http {
namespace {

constexpr std::string_view token_symbols = "!#$%&'*+-.^_`|~";
constexpr std::string_view crlf = "\r\n";
/// More digits than any length we take, fewer than overflow 64 bits.
constexpr std::size_t length_digits_max = 18;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_token_char(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           token_symbols.find(c) != std::string_view::npos;
}

/// Removes the first line, without its CRLF, from `rest`.
std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find(crlf);
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + crlf.size());
    return line;
}

/// The fields up to the empty line that ends every head.
Parsed<Headers> parse_headers(std::string_view rest) {
    Headers headers;
    while (true) {
        const std::string_view line = take_line(rest);
        if (line.empty()) return headers;
        if (headers.size() == header_count_max) return refuse(431, "too many header fields");
        auto header = parse_header_line(line);
        if (!header) return std::unexpected(header.error());
        headers.add(std::move(header->name), std::move(header->value));
    }
}

/// The minor version of "HTTP/1.0" and "HTTP/1.1".
Parsed<int> parse_version(std::string_view text) {
    if (text == "HTTP/1.1") return 1;
    if (text == "HTTP/1.0") return 0;
    if (text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
        is_digit(text[7])) {
        return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    return refuse(400, "the start line has no HTTP version");
}

/// What Content-Length and Transfer-Encoding say together. nullopt when there is neither.
///
/// Stricter than [RFC 9112 6.3] allows a recipient to be: anything two readers could disagree
/// about is refused rather than repaired, an equal second Content-Length included.
Parsed<std::optional<Framing>> parse_framing(const Headers& headers, bool http_1_0) {
    const std::size_t lengths = headers.count("Content-Length");
    const std::size_t encodings = headers.count("Transfer-Encoding");
    if (encodings > 0) {
        if (http_1_0) return refuse(400, "Transfer-Encoding in an HTTP/1.0 message");
        if (lengths > 0) return refuse(400, "both Content-Length and Transfer-Encoding");
        if (encodings > 1) return refuse(400, "more than one Transfer-Encoding");
        if (!iequals(*headers.find("Transfer-Encoding"), "chunked")) {
            return refuse(501, "a Transfer-Encoding other than chunked");
        }
        return Framing{.kind = Framing::Kind::chunked};
    }
    if (lengths == 0) return std::nullopt;
    if (lengths > 1) return refuse(400, "more than one Content-Length");
    const std::string_view text = *headers.find("Content-Length");
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
        return refuse(400, "a Content-Length that is not a number");
    }
    if (text.size() > length_digits_max) return refuse(413, "the body is too large");
    std::uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return Framing{.kind = length > 0 ? Framing::Kind::length : Framing::Kind::none,
                   .length = length};
}

bool stays_open(const Headers& headers, bool http_1_0) {
    if (headers.has_token("Connection", "close")) return false;
    return !http_1_0 || headers.has_token("Connection", "keep-alive");
}

Parsed<void> check_request_line(const Request& request) {
    if (request.method.size() > method_bytes_max || !is_token(request.method)) {
        return refuse(400, "the method is not a token");
    }
    if (!request.target.starts_with('/')) {
        return refuse(400, "the target must be a path that starts with a slash");
    }
    if (!is_target(request.target)) return refuse(400, "the target holds an illegal character");
    return {};
}

/// Host and Expect: the fields whose meaning the engine itself must know.
Parsed<void> check_request_headers(RequestHead& head) {
    const Headers& headers = head.request.headers;
    const std::size_t hosts = headers.count("Host");
    // [RFC 9112 3.2]
    if (hosts > 1 || (hosts == 0 && !head.http_1_0)) {
        return refuse(400, "an HTTP/1.1 request needs exactly one Host");
    }
    if (const auto expectation = headers.find("Expect"); expectation && !head.http_1_0) {
        if (!iequals(*expectation, "100-continue")) {
            return refuse(417, "an expectation other than 100-continue");
        }
        head.expects_continue = true;
    }
    return {};
}

/// "HTTP/1.1 200 OK"; the reason may be absent, and so may the space before it.
Parsed<int> parse_status(std::string_view text) {
    if (text.size() < 3 || !std::all_of(text.begin(), text.begin() + 3, is_digit) ||
        (text.size() > 3 && text[3] != ' ') || text[0] < '1' || text[0] > '5') {
        return refuse(400, "the status line has no status code");
    }
    return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

}  // namespace

bool is_control(char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_target(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Parsed<std::size_t> find_head_end(std::string_view text, std::size_t checked) {
    const std::string_view head = text.substr(0, head_bytes_max);
    for (std::size_t i = checked; i < head.size(); ++i) {
        const bool after_cr = i > 0 && head[i - 1] == '\r';
        if ((head[i] == '\n') != after_cr) {
            return refuse(400, "a line break that is not CR LF");
        }
        if (is_control(head[i]) && head[i] != '\r' && head[i] != '\n') {
            return refuse(400, "a control character in the headers");
        }
        if (i >= 3 && head.substr(i - 3, 4) == "\r\n\r\n") return i + 1;
    }
    if (text.size() >= head_bytes_max) return refuse(431, "the headers are too large");
    return 0;
}

Parsed<Header> parse_header_line(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
        return refuse(400, "a folded header line");
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return refuse(400, "a header line without a colon");
    // Refuses white space before the colon too [RFC 9112 5.1].
    if (!is_token(line.substr(0, colon))) return refuse(400, "a header name that is not a token");
    std::string_view value = line.substr(colon + 1);
    const auto first = value.find_first_not_of(" \t");
    value = first == std::string_view::npos
                ? std::string_view{}
                : value.substr(first, value.find_last_not_of(" \t") - first + 1);
    return Header{std::string(line.substr(0, colon)), std::string(value)};
}

Parsed<RequestHead> parse_request_head(std::string_view head) {
    RequestHead parsed;
    const std::string_view line = take_line(head);
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return refuse(400, "the request line needs a method, a target and a version");
    }
    const auto minor = parse_version(line.substr(last + 1));
    if (!minor) return std::unexpected(minor.error());
    parsed.http_1_0 = *minor == 0;
    parsed.request.method = std::string(line.substr(0, first));
    parsed.request.target = std::string(line.substr(first + 1, last - first - 1));
    if (auto ok = check_request_line(parsed.request); !ok) return std::unexpected(ok.error());

    auto headers = parse_headers(head);
    if (!headers) return std::unexpected(headers.error());
    parsed.request.headers = std::move(*headers);
    if (auto ok = check_request_headers(parsed); !ok) return std::unexpected(ok.error());

    const auto framing = parse_framing(parsed.request.headers, parsed.http_1_0);
    if (!framing) return std::unexpected(framing.error());
    parsed.framing = framing->value_or(Framing{});
    parsed.keep_alive = stays_open(parsed.request.headers, parsed.http_1_0);
    return parsed;
}

Parsed<ResponseHead> parse_response_head(std::string_view head, bool to_head_request) {
    ResponseHead parsed;
    const std::string_view line = take_line(head);
    const auto space = line.find(' ');
    const auto minor = parse_version(line.substr(0, space));
    if (!minor) return std::unexpected(minor.error());
    const auto status =
        parse_status(space == std::string_view::npos ? std::string_view{} : line.substr(space + 1));
    if (!status) return std::unexpected(status.error());
    parsed.response.status = *status;

    auto headers = parse_headers(head);
    if (!headers) return std::unexpected(headers.error());
    parsed.response.headers = std::move(*headers);

    const auto framing = parse_framing(parsed.response.headers, *minor == 0);
    if (!framing) return std::unexpected(framing.error());
    parsed.keep_alive = stays_open(parsed.response.headers, *minor == 0);
    // [RFC 9112 6.3] 1, 8
    if (!to_head_request && *status >= 200 && *status != 204 && *status != 304) {
        parsed.framing = framing->value_or(Framing{.kind = Framing::Kind::until_close});
        if (parsed.framing.kind == Framing::Kind::until_close) parsed.keep_alive = false;
    }
    return parsed;
}

}  // namespace restante::http
