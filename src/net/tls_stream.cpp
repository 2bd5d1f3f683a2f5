#include "net/tls_stream.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>

#include "net/tls_error.hpp"

namespace restante::net {
namespace {

constexpr std::size_t ssl_bytes_max = std::size_t{std::numeric_limits<int>::max()};

ssl_st* make_ssl(ssl_ctx_st* context, int descriptor) {
    ERR_clear_error();
    ssl_st* ssl = SSL_new(context);
    if (ssl == nullptr) throw std::bad_alloc();
    if (SSL_set_fd(ssl, descriptor) != 1) {
        SSL_free(ssl);
        throw std::bad_alloc();
    }
    return ssl;
}

/// "hub.example." and "[::1]" name the hosts "hub.example" and "::1".
std::string plain_host(std::string host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        return host.substr(1, host.size() - 2);
    }
    if (host.size() > 1 && host.back() == '.') host.pop_back();
    return host;
}

Bytes to_der(const X509* certificate) {
    const int length = i2d_X509(certificate, nullptr);
    if (length <= 0) return {};
    Bytes der(static_cast<std::size_t>(length));
    unsigned char* end = der.data();
    i2d_X509(certificate, &end);
    return der;
}

}  // namespace

TlsStream::TlsStream(std::shared_ptr<const TlsServer> server, int descriptor)
    : ssl_(make_ssl(server->native(), descriptor)), server_(std::move(server)) {
    SSL_set_accept_state(ssl_);
}

TlsStream::TlsStream(const TlsClient& client, int descriptor, const std::string& host)
    : ssl_(make_ssl(client.native(), descriptor)) {
    SSL_set_app_data(ssl_, this);
    SSL_set_connect_state(ssl_);
    const std::string name = plain_host(host);
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1) return;
    // RFC 6066 section 3: server name indication holds names, never addresses.
    if (X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) != 1 ||
        SSL_set_tlsext_host_name(ssl_, name.c_str()) != 1) {
        distrust_ = fmt::format("\"{}\" cannot be the name of a host", host);
    }
    ERR_clear_error();
}

TlsStream::~TlsStream() {
    SSL_free(ssl_);
}

Result<TlsStep> TlsStream::handshake() {
    if (!distrust_.empty()) return fail(ErrorCode::tls_failed, distrust_);
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl_);
    auto step = judge(result, 0, errno);
    established_ = step.has_value() && step->state == TlsState::done;
    return step;
}

Result<TlsStep> TlsStream::read(std::span<std::uint8_t> into) {
    ERR_clear_error();
    errno = 0;
    const int wanted = static_cast<int>(std::min(into.size(), ssl_bytes_max));
    const int result = SSL_read(ssl_, into.data(), wanted);
    return judge(result, static_cast<std::size_t>(std::max(result, 0)), errno);
}

Result<TlsStep> TlsStream::write(BytesView bytes) {
    ERR_clear_error();
    errno = 0;
    const int wanted = static_cast<int>(std::min(bytes.size(), ssl_bytes_max));
    const int result = SSL_write(ssl_, bytes.data(), wanted);
    return judge(result, static_cast<std::size_t>(std::max(result, 0)), errno);
}

void TlsStream::shutdown() {
    // After a fatal error OpenSSL forbids further calls, and before the handshake's end it would
    // only report one.
    if (broken_ || !established_) return;
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

std::vector<Bytes> TlsStream::peer_certificates() const {
    std::vector<Bytes> chain;
    const X509* own = SSL_get0_peer_certificate(ssl_);
    if (own == nullptr) return chain;
    chain.push_back(to_der(own));
    // A server's own copy of the chain begins behind the client's certificate, a client's with it.
    STACK_OF(X509)* sent = SSL_get_peer_cert_chain(ssl_);
    const int first = server_ ? 0 : 1;
    for (int i = first; i < sk_X509_num(sent); ++i) chain.push_back(to_der(sk_X509_value(sent, i)));
    return chain;
}

bool TlsStream::has_heard_peer() const {
    return BIO_number_read(SSL_get_rbio(ssl_)) > 0;
}

int TlsStream::note_verification(int verified, x509_store_ctx_st* store) {
    if (verified == 1) return 1;
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* stream = ssl == nullptr ? nullptr : static_cast<TlsStream*>(SSL_get_app_data(ssl));
    if (stream != nullptr && stream->distrust_.empty()) {
        stream->distrust_ = explain_distrust(store);
    }
    return 0;
}

Result<TlsStep> TlsStream::judge(int result, std::size_t bytes, int system_error) {
    if (result > 0) return TlsStep{.state = TlsState::done, .bytes = bytes};
    switch (const int ssl_error = SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            return TlsStep{.state = TlsState::want_read};
        case SSL_ERROR_WANT_WRITE:
            return TlsStep{.state = TlsState::want_write};
        case SSL_ERROR_ZERO_RETURN:
            return TlsStep{.state = TlsState::closed};
        default: {
            broken_ = true;
            Error error = explain(ssl_error, system_error);
            ERR_clear_error();
            return std::unexpected(std::move(error));
        }
    }
}

Error TlsStream::explain(int ssl_error, int system_error) const {
    const auto reason = ERR_peek_error();
    const TlsSide side = server_ ? TlsSide::server : TlsSide::client;
    const bool vanished = ssl_error == SSL_ERROR_SYSCALL ||
                          (ERR_GET_LIB(reason) == ERR_LIB_SSL &&
                           ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
    if (vanished) return explain_lost_peer(side, established_, system_error);
    if (!distrust_.empty()) return Error(ErrorCode::tls_failed, distrust_);
    return explain_tls_error(side, reason, server_ ? server_->ca_file() : std::string());
}

}  // namespace restante::net
