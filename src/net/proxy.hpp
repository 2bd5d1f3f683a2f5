#pragma once
// The words a client exchanges with a proxy before TLS begins: HTTP CONNECT (RFC 9110) or SOCKS 5
// (RFC 1928, its login by RFC 1929). The proxy looks the host up. No socket here: bytes in and out.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace restante::net {

enum class ProxyType : std::uint8_t { http, socks5 };

/// Who connects in the client's place.
struct Proxy {
    ProxyType type = ProxyType::http;
    std::string host;
    std::uint16_t port = 0;
    std::string user_name;  ///< empty: the proxy is used without a login
    std::string password;

    /// For errors: where it is, without its login.
    std::string name() const;
};

/// Longest name of a host, user or password: SOCKS counts each in one byte.
inline constexpr std::size_t proxy_field_bytes_max = 255;

/// One way through a proxy to `host`. It fails with connection_failed, naming the proxy and its
/// answer, never the password.
class ProxyHandshake {
  public:
    ProxyHandshake(const Proxy& proxy, std::string host, std::uint16_t port);

    /// What to send next; an answer is due once it is sent.
    Bytes take_output() { return std::exchange(output_, {}); }

    /// More of the proxy's answer. True once the way to the host is open.
    Result<bool> receive(BytesView bytes);

  private:
    enum class Step : std::uint8_t { http_answer, method, login, socks_answer };

    void ask_http();
    void ask_socks();
    void log_in();
    Result<bool> on_http_answer();
    std::string basic_login() const;
    std::string words_of(std::string_view status) const;
    Result<bool> on_method();
    Result<bool> on_login();
    Result<bool> on_socks_answer();
    Result<bool> on_end(std::size_t answer_bytes);
    Error refusal(const std::string& why) const;
    Error login_refusal(const std::string& answer) const;

    const Proxy& proxy_;
    std::string host_;
    std::uint16_t port_;
    Step step_;
    Bytes output_;
    Bytes answer_;  ///< what has come of the present answer
};

}  // namespace restante::net
