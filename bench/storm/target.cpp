#include "target.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace restante::storm {
namespace {

/// Of the clients, if the server is local: each has its own ports.
constexpr std::size_t local_addresses = 16;

using bench::check;

[[noreturn]] void throw_tls(std::string_view what) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw std::runtime_error(fmt::format("{}: {}", what, reason ? reason : "unknown cause"));
}

bool is_address(const std::string& host) {
    in6_addr unused{};
    return ::inet_pton(AF_INET, host.c_str(), &unused) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &unused) == 1;
}

}  // namespace

Target::Target(const Options& options) : host_(options.host), port_(options.port) {
    resolve();
    context_ = SSL_CTX_new(TLS_client_method());
    if (context_ == nullptr) throw_tls("no TLS context");
    const bool old = options.tls == "1.2";
    SSL_CTX_set_min_proto_version(context_, options.tls == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context_, old ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context_, 1);  // one system call a record instead of two
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context_, verify, this);
    SSL_CTX_set_app_data(context_, this);
    if (SSL_CTX_load_verify_locations(context_, options.ca_file.c_str(), nullptr) != 1) {
        throw_tls("cannot trust what is in " + options.ca_file);
    }
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context_), X509_V_FLAG_PARTIAL_CHAIN);
}

Target::~Target() {
    X509_free(trusted_);
    SSL_SESSION_free(session_);
    SSL_CTX_free(context_);
}

void Target::resolve() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(host_.c_str(), nullptr, &hints, &found);
    if (failure != 0) {
        throw std::runtime_error(
            fmt::format("cannot find the host {}: {}", host_, ::gai_strerror(failure)));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    // Only IPv4 has many addresses on the loopback network.
    const addrinfo* chosen = all.get();
    while (chosen != nullptr && chosen->ai_family != AF_INET) chosen = chosen->ai_next;
    if (chosen == nullptr) chosen = all.get();
    std::memcpy(&address_, chosen->ai_addr, chosen->ai_addrlen);
    address_bytes_ = chosen->ai_addrlen;
    if (chosen->ai_family == AF_INET) {
        reinterpret_cast<sockaddr_in*>(&address_)->sin_port = htons(port_);
    } else {
        reinterpret_cast<sockaddr_in6*>(&address_)->sin6_port = htons(port_);
    }
}

bench::TlsLink Target::open(std::size_t number) const {
    bench::Descriptor socket(
        check(::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
              "cannot make a socket"));
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind_local(socket.get(), number);
    const auto* to = reinterpret_cast<const sockaddr*>(&address_);
    if (::connect(socket.get(), to, address_bytes_) != 0 && errno != EINPROGRESS) {
        bench::throw_errno("cannot connect");
    }
    bench::TlsLink link(context_, std::move(socket));
    SSL* ssl = link.native();
    SSL_set_connect_state(ssl);
    // RFC 6066 section 3: server name indication holds names, never addresses.
    if (is_address(host_)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host_.c_str());
    } else {
        SSL_set1_host(ssl, host_.c_str());
        SSL_set_tlsext_host_name(ssl, host_.c_str());
    }
    if (session_ != nullptr) SSL_set_session(ssl, session_);
    return link;
}

void Target::bind_local(int socket, std::size_t number) const {
    const auto* to = reinterpret_cast<const sockaddr_in*>(&address_);
    constexpr std::uint32_t loopback_network = IN_LOOPBACKNET;
    if (address_.ss_family != AF_INET || ntohl(to->sin_addr.s_addr) >> 24 != loopback_network) {
        return;
    }
    // The port is chosen with the destination known, so that each address has all of them for it.
    const int on = 1;
    ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    const auto place = static_cast<std::uint32_t>(number % local_addresses);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + place);
    check(::bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof from),
          "cannot use a local address");
}

// -- sessions ------------------------------------------------------------------------------------

void Target::keep_sessions() {
    SSL_CTX_set_session_cache_mode(context_,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context_, on_session);
}

void Target::offer_session() {
    SSL_CTX_sess_set_new_cb(context_, nullptr);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
}

/// Takes over the session, as its answer says.
int Target::on_session(ssl_st* ssl, ssl_session_st* session) {
    auto& self = *static_cast<Target*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    SSL_SESSION_free(self.session_);
    self.session_ = session;
    return 1;
}

/// Every client is shown the same certificate. The first one is verified in full, the others only
/// by being that one, which saves a tenth of what a client costs the machine it shares with it.
int Target::verify(x509_store_ctx_st* store, void* target) {
    auto& self = *static_cast<Target*>(target);
    X509* shown = X509_STORE_CTX_get0_cert(store);
    if (self.trusted_ != nullptr && X509_cmp(shown, self.trusted_) == 0) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    if (X509_verify_cert(store) != 1) return 0;
    X509_up_ref(shown);
    X509_free(self.trusted_);
    self.trusted_ = shown;
    return 1;
}

}  // namespace restante::storm
