#pragma once
// OpenSSL's objects, owned. For the sources of this layer, not for its users.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

namespace restante::auth::openssl {

template <auto function>
struct Free {
    template <class T>
    void operator()(T* value) const {
        function(value);
    }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

/// For a key that is protected: declines instead of asking on the terminal, as OpenSSL would.
inline int no_passphrase(char*, int, int, void*) {
    return -1;
}

inline Bio reader(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// The first certificate of a PEM text; null when there is none.
inline Certificate read_certificate(std::string_view pem) {
    ERR_clear_error();
    Certificate certificate(PEM_read_bio_X509(reader(pem).get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    return certificate;
}

}  // namespace restante::auth::openssl
