#pragma once
// One TLS connection on a non-blocking socket: OpenSSL straight on the descriptor, because
// asio::ssl::stream keeps five times the memory for each idle connection.
//
// It lives inside its Connection and is used on that connection's loop. It never blocks, never
// closes the descriptor, and says after each call what it waits for.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/tls.hpp"

struct x509_store_ctx_st;

namespace restante::net {

enum class TlsState : std::uint8_t {
    done,        ///< the call did what it was asked
    want_read,   ///< call again when the socket can be read
    want_write,  ///< call again when the socket can be written
    closed,      ///< the peer has said that it will send no more
};

struct TlsStep {
    TlsState state;
    std::size_t bytes = 0;
};

class TlsStream {
  public:
    /// The server's end of an accepted socket.
    TlsStream(std::shared_ptr<const TlsServer> server, int descriptor);
    /// The client's end; the server must prove that it is `host`, a name or an IP address.
    TlsStream(const TlsClient& client, int descriptor, const std::string& host);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    // The error of any of these ends the stream; it is made for a person to read.
    Result<TlsStep> handshake();
    Result<TlsStep> read(std::span<std::uint8_t> into);
    Result<TlsStep> write(BytesView bytes);

    /// Tells the peer that no more will come, if the socket takes it at once.
    void shutdown();

    /// What the peer presented, in DER: its own certificate, whose key it has shown to hold, then
    /// the issuers it sent along. Empty for none.
    std::vector<Bytes> peer_certificates() const;

    /// Whether the peer has sent anything at all.
    bool has_heard_peer() const;

    /// OpenSSL's callback for each certificate of a server: remembers why one was not trusted.
    static int note_verification(int verified, x509_store_ctx_st* store);

  private:
    Result<TlsStep> judge(int result, std::size_t bytes, int system_error);
    Error explain(int ssl_error, int system_error) const;

    ssl_st* ssl_ = nullptr;
    std::shared_ptr<const TlsServer> server_;  // shared with the listener and its other streams
    std::string distrust_;                     // why the server's certificate was refused
    bool broken_ = false;
    bool established_ = false;
};

}  // namespace restante::net
