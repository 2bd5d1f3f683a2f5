#include "net/tls_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <vector>

namespace restante::net {
namespace {

// Names shown of a certificate that is for other hosts.
constexpr int names_shown_max = 8;

// A certificate comes from the peer: its texts are cut before they reach a log line.
constexpr std::size_t name_bytes_max = 200;

std::string distrusted_by_client(const std::string& ca_file) {
    return fmt::format("the client does not trust this hub's certificate authority; give it {}",
                       ca_file.empty() ? "the hub's CA certificate" : ca_file);
}

std::string alert_text(TlsSide side, int alert, const std::string& ca_file) {
    const bool server = side == TlsSide::server;
    switch (alert) {
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_CERTIFICATE_UNKNOWN:
            return server ? distrusted_by_client(ca_file)
                          : "the server does not accept this client's certificate";
        case SSL_AD_BAD_CERTIFICATE:
            return server ? "the client refuses this hub's certificate: it does not trust its "
                            "authority, or reached the hub by a name the certificate lacks"
                          : "the server does not accept this client's certificate";
        case SSL_AD_CERTIFICATE_EXPIRED:
            return server ? "the client finds this hub's certificate expired; renew it, or set the "
                            "client's clock"
                          : "the server finds this client's certificate expired";
        case SSL_AD_PROTOCOL_VERSION:
            return "the peer speaks neither TLS 1.2 nor TLS 1.3";
        case SSL_AD_HANDSHAKE_FAILURE:
            return "the peer finds no TLS version, cipher or certificate that both ends accept";
        case TLS13_AD_CERTIFICATE_REQUIRED:
            return "the server requires a client certificate and none was given";
        case SSL_AD_UNRECOGNIZED_NAME:
            return "the server does not know the host name it was asked for";
        case SSL_AD_USER_CANCELLED:
            return "the peer gave up the TLS handshake";
        default:
            return fmt::format("the peer ended TLS with the alert \"{}\"",
                               SSL_alert_desc_string_long(alert));
    }
}

std::string reason_text(TlsSide side, int reason) {
    const bool server = side == TlsSide::server;
    switch (reason) {
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
            return "the client speaks plain HTTP, but this port speaks TLS; use https://";
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_WRONG_SSL_VERSION:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_BAD_RECORD_TYPE:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
        case SSL_R_RECORD_TOO_SMALL:
            return server ? "the client does not speak TLS on this TLS port; plain MQTT, AMQP and "
                            "HTTP are not served"
                          : "the server does not speak TLS on this port";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
            return "the peer offers no TLS version from 1.2 on";
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
            return "no cipher that both ends accept; the client must offer ECDHE with AES-GCM or "
                   "CHACHA20 and take this hub's kind of key";
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return "the server's certificate is not trusted";
        default: {
            const char* text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
            return fmt::format("TLS failed: {}", text == nullptr ? "unknown cause" : text);
        }
    }
}

std::string shown(const X509_NAME* name) {
    char text[name_bytes_max] = {};
    if (X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof text) > 0) return text;
    X509_NAME_oneline(name, text, sizeof text);
    return text;
}

void add_name(std::vector<std::string>& names, const GENERAL_NAME* name) {
    if (name->type == GEN_DNS) {
        const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
        const auto length = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
        names.emplace_back(text, std::min(length, name_bytes_max));
    } else if (name->type == GEN_IPADD) {
        const auto* bytes = ASN1_STRING_get0_data(name->d.iPAddress);
        const int length = ASN1_STRING_length(name->d.iPAddress);
        if (length == 4) {
            names.push_back(fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]));
        } else {
            names.push_back("an IPv6 address");
        }
    }
}

/// The hosts a certificate is for, as its subjectAltName lists them.
std::string hosts_of(const X509* certificate) {
    auto* list = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    if (list == nullptr) return "no host at all (it has no subjectAltName)";
    std::vector<std::string> names;
    for (int i = 0; i < sk_GENERAL_NAME_num(list) && i < names_shown_max; ++i) {
        add_name(names, sk_GENERAL_NAME_value(list, i));
    }
    GENERAL_NAMES_free(list);
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Error explain_tls_error(TlsSide side, unsigned long reason, const std::string& ca_file) {
    if (ERR_GET_LIB(reason) != ERR_LIB_SSL) {
        const char* text = reason == 0 ? nullptr : ERR_reason_error_string(reason);
        return Error(ErrorCode::tls_failed,
                     fmt::format("TLS failed: {}", text == nullptr ? "unknown cause" : text));
    }
    const int code = ERR_GET_REASON(reason);
    if (code >= SSL_AD_REASON_OFFSET) {  // an alert of the peer's
        return Error(ErrorCode::tls_failed, alert_text(side, code - SSL_AD_REASON_OFFSET, ca_file));
    }
    return Error(ErrorCode::tls_failed, reason_text(side, code));
}

Error explain_lost_peer(TlsSide side, bool established, int system_error) {
    const std::string_view peer = side == TlsSide::server ? "client" : "server";
    if (established) {
        return Error(ErrorCode::connection_dropped,
                     system_error == 0
                         ? fmt::format("the {} closed the connection without closing TLS", peer)
                         : fmt::format("the connection broke: {}", std::strerror(system_error)));
    }
    if (system_error != 0) {
        return Error(ErrorCode::tls_failed, fmt::format("the connection broke during the TLS "
                                                        "handshake: {}",
                                                        std::strerror(system_error)));
    }
    return Error(ErrorCode::tls_failed,
                 side == TlsSide::server
                     ? "the client closed the connection during the TLS handshake; it may not "
                       "trust this hub's certificate"
                     : "the server closed the connection during the TLS handshake; the port may "
                       "speak something else than TLS");
}

std::string explain_distrust(x509_store_ctx_st* store) {
    const X509* certificate = X509_STORE_CTX_get0_cert(store);
    const X509* current = X509_STORE_CTX_get_current_cert(store);
    if (current == nullptr) current = certificate;
    if (certificate == nullptr) return "the server's certificate is not trusted";
    switch (const int error = X509_STORE_CTX_get_error(store)) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return fmt::format("the server's certificate is for {}, not for the host asked for",
                               hosts_of(certificate));
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return fmt::format(
                "the server's certificate is not trusted: its issuer \"{}\" is not among the "
                "trusted certificate authorities; give this client the server's CA certificate",
                shown(X509_get_issuer_name(current)));
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return fmt::format(
                "the server's certificate is not trusted: \"{}\" is self-signed and not among the "
                "trusted certificates",
                shown(X509_get_subject_name(certificate)));
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return fmt::format(
                "the certificate \"{}\" has expired, or this machine's clock is ahead",
                shown(X509_get_subject_name(current)));
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return fmt::format(
                "the certificate \"{}\" is not valid yet, or this machine's clock is behind",
                shown(X509_get_subject_name(current)));
        default:
            return fmt::format("the server's certificate is not trusted: {}",
                               X509_verify_cert_error_string(error));
    }
}

}  // namespace restante::net
