#pragma once
// What both ends bring to a TLS handshake. A context is built once, shared by every connection that
// uses it and never changed: a renewed certificate is a new TlsServer handed to the listener.
//
// Both speak TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers only.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace restante::net {

struct FreeSslContext {
    void operator()(ssl_ctx_st* context) const;
};
using SslContext = std::unique_ptr<ssl_ctx_st, FreeSslContext>;

struct TlsServerOptions {
    std::string certificate_chain_pem;  ///< the server's certificate, then its issuers if any
    std::string private_key_pem;
    /// The file a client must trust, named when one does not ("/var/lib/restante/ca.pem").
    std::string ca_file;
};

/// The hub's side. Asks each client for a certificate, requires none and accepts any: whether it
/// proves an identity is decided from Peer::certificate_chain.
class TlsServer {
  public:
    static Result<std::shared_ptr<const TlsServer>> create(const TlsServerOptions& options);

    /// The same from files; the error names the file.
    static Result<std::shared_ptr<const TlsServer>> from_files(
        const std::string& certificate_chain_file, const std::string& private_key_file,
        const std::string& ca_file);

    const std::string& ca_file() const { return ca_file_; }
    ssl_ctx_st* native() const { return context_.get(); }

    TlsServer(SslContext context, std::string ca_file)
        : context_(std::move(context)), ca_file_(std::move(ca_file)) {}

  private:
    SslContext context_;
    std::string ca_file_;
};

struct TlsClientOptions {
    std::string ca_pem;                 ///< whom to trust; empty: the system's authorities
    std::string certificate_chain_pem;  ///< the client's own certificate, empty for none
    std::string private_key_pem;
    std::string pass_phrase;  ///< of the key; empty when it has none
    /// OpenSSL's cipher list, where names that begin with TLS_ are TLS 1.3's. What it does not
    /// speak of, one version or both, stays as it is. Ciphers without authentication are never
    /// offered.
    std::string ciphers;
};

/// A client's side. Trusts the given authorities only, and always checks the host name.
class TlsClient {
  public:
    static Result<std::shared_ptr<const TlsClient>> create(const TlsClientOptions& options);

    ssl_ctx_st* native() const { return context_.get(); }

    explicit TlsClient(SslContext context) : context_(std::move(context)) {}

  private:
    SslContext context_;
};

}  // namespace restante::net
