#include "auth/certificate_authority.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "auth/openssl.hpp"

namespace restante::auth {
namespace {

constexpr const char* authority_name = "Restante private CA";

// RFC 5280: a serial number has at most 20 octets (4.1.2.2), a common name 64 characters (A.1).
constexpr int serial_bits = 159;
constexpr std::size_t common_name_bytes_max = 64;

// RFC 1035 2.3.4.
constexpr std::size_t dns_name_bytes_max = 253;
constexpr std::size_t dns_label_bytes_max = 63;

// Clocks of devices are often slow; a certificate made this minute must not be from their future.
constexpr std::chrono::hours backdating{24};

using openssl::Bio;
using openssl::Certificate;
using openssl::Free;
using openssl::Key;
using openssl::no_passphrase;
using openssl::reader;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;
using Name = std::unique_ptr<GENERAL_NAME, Free<GENERAL_NAME_free>>;
using Address = std::unique_ptr<ASN1_OCTET_STRING, Free<ASN1_OCTET_STRING_free>>;
using Text = std::unique_ptr<ASN1_IA5STRING, Free<ASN1_IA5STRING_free>>;

std::unexpected<Error> openssl_failure(std::string_view what) {
    const auto code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return fail(ErrorCode::server_error,
                fmt::format("cannot {}: {}", what, reason == nullptr ? "unknown cause" : reason));
}

Result<Certificate> parse_certificate(std::string_view pem) {
    Certificate certificate = openssl::read_certificate(pem);
    if (!certificate) {
        return fail(ErrorCode::argument_invalid, "the text holds no certificate in PEM form");
    }
    return certificate;
}

std::string written(BIO* bio) {
    char* data = nullptr;
    const auto length = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(std::max(length, 0L))};
}

Result<CertificateAndKey> to_pem(X509* certificate, EVP_PKEY* key) {
    const Bio certificate_text(BIO_new(BIO_s_mem()));
    const Bio key_text(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
            1) {
        return openssl_failure("write a certificate");
    }
    return CertificateAndKey{.certificate_pem = written(certificate_text.get()),
                             .private_key_pem = written(key_text.get())};
}

bool set_serial(X509* certificate) {
    const Number serial(BN_new());
    return serial != nullptr &&
           BN_rand(serial.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, WallTime now, std::chrono::days validity) {
    const auto seconds = [](WallTime time) {
        return static_cast<std::time_t>(
            std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
    };
    return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - backdating)) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + validity)) != nullptr;
}

bool add_common_name(X509_NAME* name, std::string_view text) {
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool is_dns_label(std::string_view label) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    return !label.empty() && label.size() <= dns_label_bytes_max &&
           std::all_of(label.begin(), label.end(), is_plain);
}

bool is_dns_name(std::string_view name) {
    if (name.size() > dns_name_bytes_max) return false;
    if (name.starts_with("*.")) name.remove_prefix(2);
    while (true) {
        const auto dot = name.find('.');
        if (!is_dns_label(name.substr(0, dot))) return false;
        // RFC 1123 2.1: a name never ends like an address, so 127.0.0.256 is a slip.
        if (dot == std::string_view::npos) return name.find_first_not_of("0123456789") != name.npos;
        name.remove_prefix(dot + 1);
    }
}

Result<Name> to_general_name(const std::string& host) {
    Name name(GENERAL_NAME_new());
    if (Address address(a2i_IPADDRESS(host.c_str())); address != nullptr) {
        GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address.release());
        return name;
    }
    ERR_clear_error();
    if (!is_dns_name(host)) {
        return fail(ErrorCode::argument_invalid,
                    fmt::format("\"{}\" is neither a DNS name nor an IP address", host));
    }
    Text text(ASN1_IA5STRING_new());
    if (ASN1_STRING_set(text.get(), host.data(), static_cast<int>(host.size())) != 1) {
        return openssl_failure("name a host");
    }
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, text.release());
    return name;
}

/// RFC 6125: clients look for the host in subjectAltName and nowhere else.
Result<void> add_hosts(X509* certificate, std::span<const std::string> hosts) {
    if (hosts.empty()) {
        return fail(ErrorCode::argument_invalid, "a server certificate needs at least one host");
    }
    const Names names(GENERAL_NAMES_new());
    for (const auto& host : hosts) {
        auto name = to_general_name(host);
        if (!name) return std::unexpected(name.error());
        if (sk_GENERAL_NAME_push(names.get(), name->get()) <= 0) {
            return openssl_failure("list the hosts");
        }
        static_cast<void>(name->release());
    }
    if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
        return openssl_failure("list the hosts");
    }
    return {};
}

}  // namespace

Result<CertificateAndKey> create_certificate_authority(WallTime now) {
    ERR_clear_error();
    const Key key(EVP_EC_gen("P-256"));
    const Certificate made(X509_new());
    X509* certificate = made.get();
    const bool done =
        key && certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1 &&
        set_serial(certificate) && set_validity(certificate, now, authority_validity) &&
        add_common_name(X509_get_subject_name(certificate), authority_name) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
        X509_set_pubkey(certificate, key.get()) == 1 &&
        add_extension(certificate, certificate, NID_basic_constraints,
                      "critical,CA:TRUE,pathlen:0") &&
        add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
        X509_sign(certificate, key.get(), EVP_sha256()) > 0;
    if (!done) return openssl_failure("create a certificate authority");
    return to_pem(certificate, key.get());
}

Result<CertificateAndKey> issue_server_certificate(const CertificateAndKey& authority,
                                                   std::span<const std::string> hosts, WallTime now,
                                                   std::chrono::days validity) {
    auto issuer = parse_certificate(authority.certificate_pem);
    if (!issuer) return std::unexpected(issuer.error());
    const Key issuer_key(PEM_read_bio_PrivateKey(reader(authority.private_key_pem).get(), nullptr,
                                                 no_passphrase, nullptr));
    ERR_clear_error();
    if (!issuer_key || X509_check_private_key(issuer->get(), issuer_key.get()) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::argument_invalid,
                    "the authority's private key cannot be read, or is of another certificate");
    }
    const Key key(EVP_EC_gen("P-256"));
    const Certificate made(X509_new());
    X509* certificate = made.get();
    if (!key || certificate == nullptr) return openssl_failure("create a certificate");
    if (auto added = add_hosts(certificate, hosts); !added) {
        return std::unexpected(added.error());
    }
    const std::string& name = hosts.front();
    const bool done =
        X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        set_validity(certificate, now, validity) &&
        (name.size() > common_name_bytes_max ||
         add_common_name(X509_get_subject_name(certificate), name)) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer->get())) == 1 &&
        X509_set_pubkey(certificate, key.get()) == 1 &&
        add_extension(certificate, issuer->get(), NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, issuer->get(), NID_key_usage, "critical,digitalSignature") &&
        add_extension(certificate, issuer->get(), NID_ext_key_usage, "serverAuth") &&
        add_extension(certificate, issuer->get(), NID_subject_key_identifier, "hash") &&
        add_extension(certificate, issuer->get(), NID_authority_key_identifier, "keyid:always") &&
        X509_sign(certificate, issuer_key.get(), EVP_sha256()) > 0;
    if (!done) return openssl_failure("issue a certificate");
    return to_pem(certificate, key.get());
}

Result<WallTime> certificate_expiry(std::string_view certificate_pem) {
    const auto certificate = parse_certificate(certificate_pem);
    if (!certificate) return std::unexpected(certificate.error());
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate->get()), &time) != 1) {
        return openssl_failure("read when a certificate expires");
    }
    return WallTime{std::chrono::seconds(::timegm(&time))};
}

bool certificate_covers(std::string_view certificate_pem, const std::string& host) {
    const auto certificate = parse_certificate(certificate_pem);
    if (!certificate) return false;
    const bool covers = X509_check_ip_asc(certificate->get(), host.c_str(), 0) == 1 ||
                        X509_check_host(certificate->get(), host.data(), host.size(),
                                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
    ERR_clear_error();
    return covers;
}

}  // namespace restante::auth
