#pragma once
// Which certificate a connection is shown that begins now.

#include <openssl/ssl.h>

#include "net/tls.hpp"
#include "support/test_certificates.hpp"

namespace restante::test {

namespace detail {

inline std::unique_ptr<X509, void (*)(X509*)> read_certificate(const std::string& pem) {
    return {PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr), X509_free};
}

}  // namespace detail

inline bool shows(const net::TlsServer& tls, const std::string& certificate_pem) {
    const auto expected = detail::read_certificate(certificate_pem);
    return X509_cmp(expected.get(), SSL_CTX_get0_certificate(tls.native())) == 0;
}

inline bool shows_one_issued_by(const net::TlsServer& tls, const std::string& authority_pem) {
    const auto authority = detail::read_certificate(authority_pem);
    return X509_verify(SSL_CTX_get0_certificate(tls.native()), X509_get0_pubkey(authority.get())) ==
           1;
}

}  // namespace restante::test
