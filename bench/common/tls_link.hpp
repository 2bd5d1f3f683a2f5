#pragma once
// A TLS connection with as little around OpenSSL as can be: what the hub's own is compared with,
// and what a client is made of that must not be felt on the machine it shares with a server.
//
// Owns its socket, which does not block. Ends with its scope; say_goodbye() first where the peer
// shall know that no more comes.

#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "common/system.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace restante::bench {

enum class Step : std::uint8_t { done, want_read, want_write, closed, failed };

class TlsLink {
  public:
    TlsLink() = default;
    /// Throws std::bad_alloc.
    TlsLink(ssl_ctx_st* context, Descriptor socket);

    int descriptor() const { return socket_.get(); }
    ssl_st* native() const { return ssl_.get(); }

    Step handshake();
    /// `bytes`: how many were read or written when done.
    Step read(std::span<std::uint8_t> into, std::size_t& bytes);
    Step write(BytesView data, std::size_t& bytes);
    void say_goodbye();

    bool is_resumed() const;
    /// Bytes that have left the socket and not been read yet.
    bool has_pending() const;

    /// Why the last step of this thread failed.
    static const std::string& last_failure();

  private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };

    Step judge(int result);

    Descriptor socket_;
    std::unique_ptr<ssl_st, Free> ssl_;
};

}  // namespace restante::bench
