#include "auth/authority_proof.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <set>

#include "auth/certificate_authority.hpp"
#include "auth/openssl.hpp"
#include "auth/policy_rules.hpp"
#include "base/encoding.hpp"
#include "base/random.hpp"
#include "base/timestamp.hpp"
#include "model/limits.hpp"

namespace restante::auth {
namespace {

namespace limits = model::limits;

using Store = std::unique_ptr<X509_STORE, openssl::Free<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, openssl::Free<X509_STORE_CTX_free>>;

/// 48 digits; a common name has at most 64 characters (RFC 5280 A.1).
constexpr std::size_t verification_code_bytes = 24;

/// X509_check_ca(3): a certificate of version 3 that says so itself.
constexpr int is_authority = 1;

std::unexpected<Error> refuse(std::string message) {
    return fail(ErrorCode::argument_invalid, std::move(message));
}

std::string to_upper_hex(BytesView bytes) {
    std::string text = to_hex(bytes);
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

Result<openssl::Certificate> read_only_certificate(std::string_view pem) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    if (pem.size() > limits::authority_pem_bytes_max) {
        return refuse(fmt::format("it has {} bytes, a certificate here has at most {}", pem.size(),
                                  limits::authority_pem_bytes_max));
    }
    auto certificate = openssl::read_certificate(pem);
    if (!certificate) return refuse("it holds no certificate in PEM form (BEGIN CERTIFICATE)");
    if (pem.find(begin, pem.find(begin) + 1) != std::string_view::npos) {
        return refuse("it holds more than one certificate; give a file with the one that is meant");
    }
    return certificate;
}

std::string subject_of(X509* certificate) {
    const openssl::Bio text(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0,
                       XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ);
    char* data = nullptr;
    const auto length = BIO_get_mem_data(text.get(), &data);
    return {data, static_cast<std::size_t>(std::max(length, 0L))};
}

std::string fingerprint_of(X509* certificate) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &length);
    return to_upper_hex(BytesView(digest.data(), length));
}

/// Empty when there is none, or more than one.
std::string common_name(X509* certificate) {
    X509_NAME* subject = X509_get_subject_name(certificate);
    const int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (place < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, place) >= 0) return {};
    const ASN1_STRING* name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place));
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)),
            static_cast<std::size_t>(ASN1_STRING_length(name))};
}

std::string explain(int reason, bool about_proof) {
    const std::string_view whose = about_proof ? "the verification certificate" : "the authority";
    switch (reason) {
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "the verification certificate is signed by itself, not by the authority's key";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "the verification certificate is not signed by this authority's key";
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return fmt::format("{} has expired", whose);
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return fmt::format("{} is not valid yet; is this machine's clock right?", whose);
        default:
            return fmt::format("{} is refused: {}", whose, X509_verify_cert_error_string(reason));
    }
}

Result<void> check_signed_by(X509* authority, X509* proof, WallTime now) {
    const Store store(X509_STORE_new());
    const Verification verification(X509_STORE_CTX_new());
    if (!store || !verification || X509_STORE_add_cert(store.get(), authority) != 1 ||
        X509_STORE_CTX_init(verification.get(), store.get(), proof, nullptr) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::server_error, "the verification certificate cannot be checked");
    }
    X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(verification.get());
    X509_VERIFY_PARAM_set_time(wanted, static_cast<std::time_t>(unix_seconds(now)));
    // An authority below another is trusted for itself.
    X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_PARTIAL_CHAIN);
    const bool verified = X509_verify_cert(verification.get()) == 1;
    const int reason = X509_STORE_CTX_get_error(verification.get());
    const bool about_proof = X509_STORE_CTX_get_error_depth(verification.get()) == 0;
    ERR_clear_error();
    if (!verified) return refuse(explain(reason, about_proof));
    return {};
}

}  // namespace

Result<AuthorityDescription> describe_authority(std::string_view certificate_pem) {
    const auto certificate = read_only_certificate(certificate_pem);
    if (!certificate) return std::unexpected(certificate.error());
    if (X509_check_ca(certificate->get()) != is_authority) {
        ERR_clear_error();
        return refuse(fmt::format(
            "the certificate of '{}' is not an authority's (basicConstraints lacks CA:TRUE, or "
            "keyUsage lacks keyCertSign)",
            subject_of(certificate->get())));
    }
    const auto expiry = certificate_expiry(certificate_pem);
    if (!expiry) return std::unexpected(expiry.error());
    return AuthorityDescription{.subject = subject_of(certificate->get()),
                                .fingerprint = fingerprint_of(certificate->get()),
                                .expires_at = *expiry};
}

Result<AuthorityDescription> check_new_authority(std::string_view certificate_pem, WallTime now) {
    auto description = describe_authority(certificate_pem);
    if (description && description->expires_at <= now) {
        return refuse(fmt::format("the authority '{}' has expired on {:%F}", description->subject,
                                  std::chrono::floor<std::chrono::days>(description->expires_at)));
    }
    return description;
}

std::string make_verification_code() {
    return to_upper_hex(random_bytes(verification_code_bytes));
}

Result<void> check_possession(const TrustedAuthority& authority, std::string_view proof_pem,
                              WallTime now) {
    const auto issuer = read_only_certificate(authority.certificate_pem);
    if (!issuer) return std::unexpected(issuer.error());
    const auto proof = read_only_certificate(proof_pem);
    if (!proof) return std::unexpected(proof.error());
    if (auto valid = check_signed_by(issuer->get(), proof->get(), now); !valid) return valid;
    if (authority.verification_code.empty() ||
        common_name(proof->get()) != authority.verification_code) {
        return refuse(fmt::format(
            "the verification certificate's subject must have the common name {}, the code of "
            "authority '{}'",
            authority.verification_code, authority.name));
    }
    return {};
}

Result<void> check_authorities(const std::vector<TrustedAuthority>& authorities) {
    if (authorities.size() > limits::authorities_max) {
        return refuse(fmt::format("there are {} authorities, a hub trusts at most {}",
                                  authorities.size(), limits::authorities_max));
    }
    std::set<std::string> names;
    std::set<std::string> fingerprints;
    for (const auto& authority : authorities) {
        const auto refuse_this = [&](std::string_view reason) {
            return refuse(fmt::format("authority '{}': {}", authority.name, reason));
        };
        if (auto named = check_keyring_name(authority.name); !named) {
            return refuse_this(named.error().message);
        }
        const auto description = describe_authority(authority.certificate_pem);
        if (!description) return refuse_this(description.error().message);
        if (!names.insert(authority.name).second) return refuse_this("the name is there twice");
        if (!fingerprints.insert(description->fingerprint).second) {
            return refuse_this("its certificate is there twice");
        }
        if (authority.verification_code.empty()) return refuse_this("it has no verification code");
    }
    return {};
}

}  // namespace restante::auth
