#pragma once
// The server, as the clients see it: where it is, whom they trust, which session they offer.
// main() owns it and it outlives every connection.

#include <sys/socket.h>

#include <memory>
#include <string>

#include "common/tls_link.hpp"
#include "options.hpp"

struct ssl_ctx_st;
struct ssl_session_st;
struct x509_st;
struct x509_store_ctx_st;

namespace restante::storm {

class Target {
  public:
    /// Throws std::runtime_error.
    explicit Target(const Options& options);
    ~Target();
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    /// A connection under way, for client `number`: from one of several local addresses, so that
    /// neither ports run out nor a server's bound for one address is met. Throws
    /// std::runtime_error.
    bench::TlsLink open(std::size_t number) const;

    /// From now on the last session that the server gave is remembered; then it is offered by
    /// every connection. Keeping none afterwards costs nothing.
    void keep_sessions();
    void offer_session();
    bool has_session() const { return session_ != nullptr; }

  private:
    static int on_session(ssl_st* ssl, ssl_session_st* session);
    static int verify(x509_store_ctx_st* store, void* target);

    void resolve();
    void bind_local(int socket, std::size_t number) const;

    std::string host_;
    std::uint16_t port_;
    sockaddr_storage address_{};
    socklen_t address_bytes_ = 0;
    ssl_ctx_st* context_ = nullptr;
    ssl_session_st* session_ = nullptr;
    x509_st* trusted_ = nullptr;  ///< the certificate that was verified once
};

}  // namespace restante::storm
