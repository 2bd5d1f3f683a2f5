#include "net/proxy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <string_view>
#include <utility>

#include "base/encoding.hpp"

namespace restante::net {
namespace {

namespace asio = boost::asio;

/// A proxy's headers have a few hundred bytes.
constexpr std::size_t answer_bytes_max = 16 * 1024;
/// Of a proxy's own words, as much as an error repeats.
constexpr std::size_t words_max = 80;

constexpr std::uint8_t socks_version = 5;
constexpr std::uint8_t login_version = 1;
constexpr std::uint8_t no_login = 0;
constexpr std::uint8_t by_password = 2;
constexpr std::uint8_t no_method = 0xff;
constexpr std::uint8_t command_connect = 1;
constexpr std::uint8_t type_ipv4 = 1;
constexpr std::uint8_t type_name = 3;
constexpr std::uint8_t type_ipv6 = 4;

/// RFC 1928, section 6: the meaning of an answer by its number.
constexpr std::array<std::string_view, 9> socks_answers{
    "done",
    "general failure",
    "its rules do not allow it",
    "network unreachable",
    "host unreachable",
    "connection refused",
    "the way is too long",
    "it cannot connect for others",
    "it does not know this kind of address",
};

/// A stranger's words, made harmless for a log.
std::string printable(std::string_view words) {
    std::string text(words.substr(0, words_max));
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

std::string with_port(const std::string& host, std::uint16_t port) {
    const bool bare_ipv6 = host.contains(':') && !host.starts_with('[');
    return bare_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

void append_field(Bytes& output, std::string_view field) {
    output.push_back(static_cast<std::uint8_t>(field.size()));
    append(output, as_bytes(field));
}

}  // namespace

std::string Proxy::name() const {
    return fmt::format("the {} proxy {}", type == ProxyType::http ? "HTTP" : "SOCKS5",
                       with_port(host, port));
}

ProxyHandshake::ProxyHandshake(const Proxy& proxy, std::string host, std::uint16_t port)
    : proxy_(proxy),
      host_(std::move(host)),
      port_(port),
      step_(proxy.type == ProxyType::http ? Step::http_answer : Step::method) {
    if (proxy.type == ProxyType::http) {
        ask_http();
    } else if (proxy.user_name.empty()) {
        output_ = {socks_version, 1, no_login};
    } else {
        output_ = {socks_version, 2, no_login, by_password};
    }
}

Result<bool> ProxyHandshake::receive(BytesView bytes) {
    if (answer_.size() + bytes.size() > answer_bytes_max) {
        return std::unexpected(refusal("its answer does not end"));
    }
    append(answer_, bytes);
    if (answer_.empty()) return false;
    switch (step_) {
        case Step::http_answer:
            return on_http_answer();
        case Step::method:
            return on_method();
        case Step::login:
            return on_login();
        case Step::socks_answer:
            return on_socks_answer();
    }
    std::unreachable();
}

// -- HTTP ----------------------------------------------------------------------------------------

void ProxyHandshake::ask_http() {
    const auto target = with_port(host_, port_);
    std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
    if (!proxy_.user_name.empty()) {
        request += fmt::format("Proxy-Authorization: Basic {}\r\n", basic_login());
    }
    output_ = to_bytes(request + "\r\n");
}

std::string ProxyHandshake::basic_login() const {
    return to_base64(as_bytes(proxy_.user_name + ':' + proxy_.password));
}

/// Of a proxy that repeats what it was told in confidence, the number alone.
std::string ProxyHandshake::words_of(std::string_view status) const {
    const bool secret = !proxy_.password.empty() &&
                        (status.contains(proxy_.password) || status.contains(basic_login()));
    return printable(secret ? status.substr(0, 3) : status);
}

Result<bool> ProxyHandshake::on_http_answer() {
    constexpr std::string_view version = "HTTP/1.";
    constexpr std::string_view line_begin = "HTTP/1.1 200";
    const std::string_view answer = as_text(answer_);
    const auto known = std::min(answer.size(), version.size());
    if (answer.substr(0, known) != version.substr(0, known)) {
        return std::unexpected(refusal("what answers there speaks no HTTP/1"));
    }
    const auto end = answer.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const auto line = answer.substr(0, answer.find("\r\n"));
    const auto status = line.substr(std::min(line.size(), line_begin.rfind(' ') + 1));
    const bool number =
        status.size() >= 3 && line[line_begin.rfind(' ')] == ' ' &&
        std::ranges::all_of(status.substr(0, 3), [](char c) { return c >= '0' && c <= '9'; });
    if (!number) return std::unexpected(refusal("its answer has no status"));
    if (status.starts_with("407")) return std::unexpected(login_refusal(words_of(status)));
    if (!status.starts_with('2')) {
        return std::unexpected(refusal("it answers " + words_of(status)));
    }
    return on_end(end + 4);
}

// -- SOCKS ---------------------------------------------------------------------------------------

Result<bool> ProxyHandshake::on_method() {
    if (answer_[0] != socks_version) {
        return std::unexpected(refusal("what answers there speaks no SOCKS 5"));
    }
    if (answer_.size() < 2) return false;
    if (answer_.size() > 2) return on_end(2);
    const auto method = answer_[1];
    answer_.clear();
    if (method == no_login) {
        ask_socks();
    } else if (method == by_password && !proxy_.user_name.empty()) {
        log_in();
    } else if (method == no_method) {
        return std::unexpected(login_refusal("no login it was offered will do"));
    } else {
        return std::unexpected(refusal(fmt::format("it wants login method {}", method)));
    }
    return false;
}

void ProxyHandshake::log_in() {
    output_ = {login_version};
    append_field(output_, proxy_.user_name);
    append_field(output_, proxy_.password);
    step_ = Step::login;
}

Result<bool> ProxyHandshake::on_login() {
    if (answer_[0] != login_version) {
        return std::unexpected(refusal("it answers the login with other words"));
    }
    if (answer_.size() < 2) return false;
    if (answer_.size() > 2) return on_end(2);
    if (answer_[1] != 0) {
        return std::unexpected(login_refusal(fmt::format("login answer {}", answer_[1])));
    }
    answer_.clear();
    ask_socks();
    return false;
}

void ProxyHandshake::ask_socks() {
    output_ = {socks_version, command_connect, 0};
    const bool bracketed = host_.starts_with('[') && host_.ends_with(']');
    const std::string bare = bracketed ? host_.substr(1, host_.size() - 2) : host_;
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(bare, not_an_address);
    if (not_an_address) {
        output_.push_back(type_name);
        append_field(output_, host_);
    } else if (address.is_v4()) {
        output_.push_back(type_ipv4);
        append(output_, address.to_v4().to_bytes());
    } else {
        output_.push_back(type_ipv6);
        append(output_, address.to_v6().to_bytes());
    }
    output_.push_back(static_cast<std::uint8_t>(port_ >> 8));
    output_.push_back(static_cast<std::uint8_t>(port_ & 0xff));
    step_ = Step::socks_answer;
}

Result<bool> ProxyHandshake::on_socks_answer() {
    constexpr std::size_t before_address = 4;
    constexpr std::size_t port_bytes = 2;
    if (answer_[0] != socks_version) {
        return std::unexpected(refusal("it answers with another version than SOCKS 5"));
    }
    if (answer_.size() < 2) return false;
    if (const auto code = answer_[1]; code != 0) {
        return std::unexpected(refusal(
            fmt::format("it answers {} ({})", code,
                        code < socks_answers.size() ? socks_answers[code] : "an unknown answer")));
    }
    if (answer_.size() <= before_address) return false;
    std::size_t address_bytes = 0;
    switch (answer_[3]) {
        case type_ipv4:
            address_bytes = 4;
            break;
        case type_ipv6:
            address_bytes = 16;
            break;
        case type_name:
            address_bytes = 1 + std::size_t{answer_[before_address]};
            break;
        default:
            return std::unexpected(refusal("its answer holds an address of no known kind"));
    }
    return on_end(before_address + address_bytes + port_bytes);
}

// -- the end -------------------------------------------------------------------------------------

/// Nobody behind the proxy speaks before the client does.
Result<bool> ProxyHandshake::on_end(std::size_t answer_bytes) {
    if (answer_.size() > answer_bytes) {
        return std::unexpected(refusal("it says more than its answer"));
    }
    return answer_.size() == answer_bytes;
}

Error ProxyHandshake::refusal(const std::string& why) const {
    return Error(
        ErrorCode::connection_failed,
        fmt::format("{} does not connect to {}: {}", proxy_.name(), with_port(host_, port_), why));
}

Error ProxyHandshake::login_refusal(const std::string& answer) const {
    return refusal(fmt::format(
        "{}; {}", answer,
        proxy_.user_name.empty()
            ? "it wants credentials, set the proxy's user name and password"
            : fmt::format("check the credentials, the user name \"{}\" and its password",
                          printable(proxy_.user_name))));
}

}  // namespace restante::net
