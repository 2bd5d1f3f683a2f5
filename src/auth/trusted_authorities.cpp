#include "auth/trusted_authorities.hpp"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "auth/openssl.hpp"
#include "model/limits.hpp"

namespace restante::auth {
namespace {

using Store = std::unique_ptr<X509_STORE, openssl::Free<X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, openssl::Free<X509_STORE_CTX_free>>;

struct FreeStack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), FreeStack>;

/// OpenSSL's second of its scale: 112 bits, which leaves SHA-1 signatures and short RSA keys out.
constexpr int security_level = 2;

}  // namespace

struct TrustedAuthorities::Stores {
    Store verified{X509_STORE_new()};
    std::vector<std::pair<std::string, openssl::Certificate>> unverified;

    /// The authority that the owner has added and not yet verified, if it would be the one.
    std::string explain_missing(const ClientCertificate& certificate) const {
        for (const auto& [name, authority] : unverified) {
            bool signs = X509_check_issued(authority.get(), certificate.native()) == X509_V_OK;
            for (auto* issuer : certificate.issuers()) {
                signs = signs || X509_check_issued(authority.get(), issuer) == X509_V_OK;
            }
            if (signs) {
                return fmt::format("its authority '{}' is not verified: see `restante authority`",
                                   name);
            }
        }
        return "no authority that the hub trusts has signed it";
    }

    std::string explain(int reason, const ClientCertificate& certificate) const {
        switch (reason) {
            case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
                return "it is signed by itself, while the device is registered for a certificate "
                       "of an authority";
            case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
            case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
                return explain_missing(certificate);
            default:
                return X509_verify_cert_error_string(reason);
        }
    }
};

TrustedAuthorities::TrustedAuthorities(std::span<const TrustedAuthority> authorities)
    : stores_(std::make_unique<Stores>()) {
    for (const auto& authority : authorities) {
        auto certificate = openssl::read_certificate(authority.certificate_pem);
        if (!certificate) continue;
        if (authority.verified) {
            X509_STORE_add_cert(stores_->verified.get(), certificate.get());
        } else {
            stores_->unverified.emplace_back(authority.name, std::move(certificate));
        }
    }
    ERR_clear_error();
}

TrustedAuthorities::~TrustedAuthorities() = default;

Result<void> TrustedAuthorities::check(const ClientCertificate& certificate, WallTime now) const {
    const Stack issuers(sk_X509_new_null());
    for (auto* issuer : certificate.issuers()) sk_X509_push(issuers.get(), issuer);
    const Verification verification(X509_STORE_CTX_new());
    if (!issuers || !verification ||
        X509_STORE_CTX_init(verification.get(), stores_->verified.get(), certificate.native(),
                            issuers.get()) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::server_error, "the client certificate cannot be checked");
    }
    X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(verification.get());
    X509_VERIFY_PARAM_set_time(
        wanted, static_cast<std::time_t>(
                    std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()));
    // The owner may trust an authority without the one above it.
    X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_CLIENT);
    X509_VERIFY_PARAM_set_depth(wanted, model::limits::certificate_chain_depth_max);
    X509_VERIFY_PARAM_set_auth_level(wanted, security_level);
    const bool trusted = X509_verify_cert(verification.get()) == 1;
    const int reason = X509_STORE_CTX_get_error(verification.get());
    ERR_clear_error();
    if (trusted) return {};
    return fail(ErrorCode::unauthorized, fmt::format("the client certificate proves nothing: {}",
                                                     stores_->explain(reason, certificate)));
}

}  // namespace restante::auth
