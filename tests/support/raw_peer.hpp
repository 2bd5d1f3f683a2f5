#pragma once
// The far end of a connection, played by hand on the test's thread: a blocking socket, bare or
// with TLS, that does exactly what the test says and nothing else. Every wait is bounded.

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace restante::test {

class RawPeer {
  public:
    static constexpr int patience_seconds = 20;

    explicit RawPeer(std::uint16_t port) : RawPeer() { connect(port); }
    RawPeer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        // OpenSSL's write(2) must not end the program: not process-wide, so that the loops of the
        // code under test stay on their own.
        sigset_t broken_pipe;
        sigemptyset(&broken_pipe);
        sigaddset(&broken_pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
        const timeval patience{.tv_sec = patience_seconds, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    ~RawPeer() {
        vanish();
        SSL_CTX_free(context_);
    }
    RawPeer(const RawPeer&) = delete;
    RawPeer& operator=(const RawPeer&) = delete;

    bool connect(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }

    /// A small receive buffer, so that the other end soon finds this one not reading.
    void read_little() {
        const int bytes = 4096;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }

    bool start_tls(int version_max = TLS1_3_VERSION) {
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(context_, version_max);
        ssl_ = SSL_new(context_);
        SSL_set_fd(ssl_, socket_);
        return SSL_connect(ssl_) == 1;
    }

    bool send(std::string_view text) {
        return ssl_ != nullptr ? SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0
                               : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) > 0;
    }
    /// One piece of what arrived; empty once the other end has closed.
    std::string receive() {
        std::array<char, 16384> buffer;
        const auto got = ssl_ != nullptr
                             ? SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()))
                             : ::recv(socket_, buffer.data(), buffer.size(), 0);
        return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
    }
    /// Everything until the other end closes, or `bytes` of it.
    std::string receive_all(std::size_t bytes = SIZE_MAX) {
        std::string all;
        while (all.size() < bytes) {
            const std::string piece = receive();
            if (piece.empty()) break;
            all += piece;
        }
        return all;
    }
    bool heard_close_notify() const {
        return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
    }
    void close_notify() { SSL_shutdown(ssl_); }

    /// Closes the socket without a word of TLS.
    void vanish() {
        SSL_free(ssl_);
        ssl_ = nullptr;
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

  private:
    int socket_;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
};

}  // namespace restante::test
