#include "common/tls_link.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace restante::bench {
namespace {

// Beside the connection rather than in it, where ten thousand of them would be empty.
thread_local std::string failure;

void note_failure(int ssl_error, int system_error) {
    const auto code = ERR_peek_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    if (reason != nullptr) {
        failure = reason;
    } else if (ssl_error == SSL_ERROR_SYSCALL && system_error != 0) {
        failure = std::strerror(system_error);
    } else {
        failure = "the peer closed the connection";
    }
    ERR_clear_error();
}

}  // namespace

void TlsLink::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

TlsLink::TlsLink(ssl_ctx_st* context, Descriptor socket)
    : socket_(std::move(socket)), ssl_(SSL_new(context)) {
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.get()) != 1) throw std::bad_alloc();
}

Step TlsLink::handshake() {
    ERR_clear_error();
    errno = 0;
    return judge(SSL_do_handshake(ssl_.get()));
}

Step TlsLink::read(std::span<std::uint8_t> into, std::size_t& bytes) {
    ERR_clear_error();
    errno = 0;
    return judge(SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes));
}

Step TlsLink::write(BytesView data, std::size_t& bytes) {
    ERR_clear_error();
    errno = 0;
    return judge(SSL_write_ex(ssl_.get(), data.data(), data.size(), &bytes));
}

void TlsLink::say_goodbye() {
    if (!ssl_) return;
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

bool TlsLink::is_resumed() const {
    return SSL_session_reused(ssl_.get()) == 1;
}

bool TlsLink::has_pending() const {
    return ssl_ && SSL_has_pending(ssl_.get()) == 1;
}

const std::string& TlsLink::last_failure() {
    return failure;
}

Step TlsLink::judge(int result) {
    if (result > 0) return Step::done;
    const int system_error = errno;
    switch (const int ssl_error = SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return Step::want_read;
        case SSL_ERROR_WANT_WRITE:
            return Step::want_write;
        case SSL_ERROR_ZERO_RETURN:
            failure = "the peer closed the connection";
            return Step::closed;
        default:
            note_failure(ssl_error, system_error);
            return Step::failed;
    }
}

}  // namespace restante::bench
