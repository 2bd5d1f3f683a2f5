#pragma once
// What went wrong in TLS, in words that say what to do about it. OpenSSL's own texts name a
// function and a number; the person who reads the hub's log has neither.

#include <cstdint>
#include <string>

#include "base/error.hpp"

struct x509_store_ctx_st;

namespace restante::net {

enum class TlsSide : std::uint8_t { server, client };

/// `reason` is from OpenSSL's error queue; `ca_file` is what a hub's clients should trust.
Error explain_tls_error(TlsSide side, unsigned long reason, const std::string& ca_file);

/// The peer is gone: it closed the socket without a word (`system_error` 0) or the network failed.
Error explain_lost_peer(TlsSide side, bool established, int system_error);

/// Why a server's certificate is not trusted. Call it inside OpenSSL's verify callback.
std::string explain_distrust(x509_store_ctx_st* store);

}  // namespace restante::net
