#pragma once
// Certificates for tests of sockets: made when first asked for, kept in memory, valid today. They
// are for the names a test connects by, or deliberately not.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/bytes.hpp"

namespace restante::test {

struct TestCertificate {
    std::string certificate_pem;
    std::string private_key_pem;
};

namespace detail {

inline std::string drain(BIO* bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(length));
    BIO_free(bio);
    return text;
}

inline std::unique_ptr<BIO, int (*)(BIO*)> reader(const std::string& text) {
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

inline void extend(::X509* certificate, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

}  // namespace detail

/// A certificate named `name`, signed by `issuer` or by itself. `hosts` is OpenSSL's notation,
/// "DNS:localhost,IP:127.0.0.1"; empty makes it an authority. It ends `days` days from now.
inline TestCertificate make_certificate(const std::string& name, const std::string& hosts,
                                        const TestCertificate* issuer, int days = 2) {
    constexpr long day_seconds = 24 * 3600;
    EVP_PKEY* key = EVP_EC_gen("P-256");
    ::X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3 * day_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * day_seconds);
    X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
    X509_set_pubkey(certificate, key);
    if (hosts.empty()) {
        detail::extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    } else {
        detail::extend(certificate, NID_subject_alt_name, hosts.c_str());
    }
    ::X509* parent = nullptr;
    EVP_PKEY* parent_key = nullptr;
    if (issuer != nullptr) {
        parent = PEM_read_bio_X509(detail::reader(issuer->certificate_pem).get(), nullptr, nullptr,
                                   nullptr);
        parent_key = PEM_read_bio_PrivateKey(detail::reader(issuer->private_key_pem).get(), nullptr,
                                             nullptr, nullptr);
    }
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? parent : certificate));
    X509_sign(certificate, issuer ? parent_key : key, EVP_sha256());

    BIO* certificate_text = BIO_new(BIO_s_mem());
    BIO* key_text = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(certificate_text, certificate);
    PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
    TestCertificate made{detail::drain(certificate_text), detail::drain(key_text)};
    X509_free(parent);
    EVP_PKEY_free(parent_key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

/// The private key as a file holds it that a passphrase protects.
inline std::string encrypt_key(const TestCertificate& made, const std::string& phrase) {
    EVP_PKEY* key = PEM_read_bio_PrivateKey(detail::reader(made.private_key_pem).get(), nullptr,
                                            nullptr, nullptr);
    BIO* text = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(text, key, EVP_aes_256_cbc(),
                             reinterpret_cast<const unsigned char*>(phrase.data()),
                             static_cast<int>(phrase.size()), nullptr, nullptr);
    EVP_PKEY_free(key);
    return detail::drain(text);
}

/// As it is sent in a TLS handshake.
inline Bytes to_der(const TestCertificate& made) {
    ::X509* certificate =
        PEM_read_bio_X509(detail::reader(made.certificate_pem).get(), nullptr, nullptr, nullptr);
    Bytes der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
    unsigned char* end = der.data();
    i2d_X509(certificate, &end);
    X509_free(certificate);
    return der;
}

/// The authority that signs the others.
inline const TestCertificate& authority_certificate() {
    static const TestCertificate made = make_certificate("Test CA", "", nullptr);
    return made;
}

/// For localhost, 127.0.0.1 and ::1.
inline const TestCertificate& server_certificate() {
    static const TestCertificate made =
        make_certificate("hub", "DNS:localhost,IP:127.0.0.1,IP:::1", &authority_certificate());
    return made;
}

/// A device's own: self-signed, as X.509 thumbprint devices have it.
inline const TestCertificate& device_certificate() {
    static const TestCertificate made = make_certificate("Device-1", "DNS:Device-1", nullptr);
    return made;
}

}  // namespace restante::test
