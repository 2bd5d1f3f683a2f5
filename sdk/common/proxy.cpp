#include "sdk/common/proxy.hpp"

#include <algorithm>
#include <stdexcept>

namespace restante::common {
namespace {

[[noreturn]] void refuse(const char* text) {
    throw std::invalid_argument(text);
}

bool fits(const std::string& field) {
    return field.size() <= net::proxy_field_bytes_max &&
           std::ranges::none_of(field, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

}  // namespace

std::optional<net::Proxy> to_proxy(const ProxyOptions& options) {
    if (options.proxy_address.empty()) {
        if (options.proxy_port != 0) refuse("'proxy_address' is missing beside 'proxy_port'");
        return std::nullopt;
    }
    if (options.proxy_port == 0) refuse("'proxy_port' must be a port from 1 to 65535");
    if (!fits(options.proxy_address) || options.proxy_address.contains(' ')) {
        refuse("'proxy_address' is no name or address of a host");
    }
    if (!fits(options.proxy_username) || !fits(options.proxy_password)) {
        refuse(
            "'proxy_username' and 'proxy_password' have at most 255 bytes, no control character");
    }
    if (options.proxy_username.empty() && !options.proxy_password.empty()) {
        refuse("'proxy_username' is missing beside 'proxy_password'");
    }
    if (!options.proxy_username.empty() && options.proxy_password.empty() &&
        options.proxy_type == ProxyType::SOCKS5) {
        refuse(
            "'proxy_password' is missing beside 'proxy_username'; SOCKS5 takes none that is empty");
    }
    if (options.proxy_type == ProxyType::HTTP && options.proxy_username.contains(':')) {
        refuse("'proxy_username' cannot hold a colon; HTTP ends the name there");
    }
    return net::Proxy{.type = options.proxy_type == ProxyType::HTTP ? net::ProxyType::http
                                                                    : net::ProxyType::socks5,
                      .host = options.proxy_address,
                      .port = options.proxy_port,
                      .user_name = options.proxy_username,
                      .password = options.proxy_password};
}

}  // namespace restante::common
