#include "net/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/text.hpp"
#include "net/tls_stream.hpp"

namespace restante::net {
namespace {

// Any certificate chain is far smaller; a wrong file (a disk image, a log) is refused early.
constexpr std::size_t pem_bytes_max = 1024 * 1024;

// What a stranger may make the hub read before it has proved anything: six certificates with RSA
// keys of 4096 bits.
constexpr long client_chain_bytes_max = 16 * 1024;

constexpr const char* ciphers_tls12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

Bio reader(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string last_reason() {
    const auto code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == nullptr ? "unknown cause" : reason;
}

std::unexpected<Error> refuse(std::string message) {
    ERR_clear_error();
    return fail(ErrorCode::argument_invalid, std::move(message));
}

/// Declines instead of asking on the terminal, as OpenSSL would.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

/// Gives OpenSSL the passphrase that `data` points to.
int given_passphrase(char* buffer, int size, int, void* data) {
    const auto& phrase = *static_cast<const std::string*>(data);
    if (phrase.empty() || phrase.size() > static_cast<std::size_t>(size)) return -1;
    phrase.copy(buffer, phrase.size());
    return static_cast<int>(phrase.size());
}

Certificate next_certificate(BIO* bio) {
    return Certificate(PEM_read_bio_X509(bio, nullptr, no_passphrase, nullptr));
}

Result<void> use_certificate(SSL_CTX* context, std::string_view pem) {
    const Bio bio = reader(pem);
    const Certificate own = next_certificate(bio.get());
    if (!own) return refuse("the text holds no certificate in PEM form (BEGIN CERTIFICATE)");
    if (SSL_CTX_use_certificate(context, own.get()) != 1) {
        return refuse(fmt::format("the certificate cannot be used: {}", last_reason()));
    }
    while (const Certificate issuer = next_certificate(bio.get())) {
        if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) {
            return refuse(fmt::format("a chain certificate cannot be used: {}", last_reason()));
        }
    }
    return {};
}

std::string why_no_key(std::string_view pem, bool phrase_given) {
    if (pem.find("ENCRYPTED") == std::string_view::npos) {
        return "the text holds no private key in PEM form";
    }
    return phrase_given ? "the private key cannot be read with this passphrase"
                        : "the private key is protected by a passphrase; give it, or store the key "
                          "without one, readable by its user alone";
}

Result<void> use_key(SSL_CTX* context, std::string_view pem, std::string phrase) {
    const Bio bio = reader(pem);
    const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, given_passphrase, &phrase));
    if (!key) return refuse(why_no_key(pem, !phrase.empty()));
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return refuse("the private key does not belong to the certificate");
    }
    return {};
}

Result<void> use_identity(SSL_CTX* context, std::string_view certificate, std::string_view key,
                          const std::string& phrase) {
    if (certificate.size() > pem_bytes_max || key.size() > pem_bytes_max) {
        return refuse("more than 1 MiB is no certificate or key");
    }
    if (auto used = use_certificate(context, certificate); !used) return used;
    return use_key(context, key, phrase);
}

Result<SslContext> make_context(const SSL_METHOD* method) {
    ERR_clear_error();
    SslContext context(SSL_CTX_new(method));
    if (!context) {
        return fail(ErrorCode::tls_failed, fmt::format("no TLS context: {}", last_reason()));
    }
    SSL_CTX* native = context.get();
    if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(native, ciphers_tls12) != 1 ||
        SSL_CTX_set1_groups_list(native, "X25519:P-256:P-384") != 1) {
        return fail(ErrorCode::tls_failed, fmt::format("no TLS context: {}", last_reason()));
    }
    SSL_CTX_set_options(
        native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Buffers live only while bytes do (9 KB for each idle connection); a write that the peer
    // does not take may be repeated from another address, with more behind it.
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(native, 1);  // one system call a record instead of two
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    return context;
}

/// Nothing is verified here, not even looked at: an identity is decided above TLS.
int accept_any_certificate(X509_STORE_CTX* store, void*) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

Result<void> trust(SSL_CTX* context, std::string_view ca_pem) {
    if (ca_pem.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
        return refuse("the system's certificate authorities cannot be read");
    }
    if (ca_pem.size() > pem_bytes_max) return refuse("more than 1 MiB is no certificate");
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    const Bio bio = reader(ca_pem);
    std::size_t count = 0;
    while (const Certificate authority = next_certificate(bio.get())) {
        if (X509_STORE_add_cert(store, authority.get()) != 1) {
            return refuse(fmt::format("a certificate authority cannot be used: {}", last_reason()));
        }
        ++count;
    }
    if (count == 0) return refuse("the trusted certificates' text holds none in PEM form");
    ERR_clear_error();
    // Who names one certificate to trust may name the server's own.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return {};
}

/// OpenSSL takes a list when it knows one name of it: a slip in another would go unnoticed.
Result<void> use_ciphers(SSL_CTX* context, std::string_view ciphers) {
    constexpr std::string_view operators = "!-+";  // before a name that is taken away or moved
    std::string tls12;
    std::string tls13;
    for (const auto name : split(ciphers, ':')) {
        const bool modern = name.starts_with("TLS_");
        const std::string one(name);
        const std::size_t before = !one.empty() && operators.contains(one.front()) ? 1 : 0;
        const bool command = name.starts_with('@');  // OpenSSL's own, such as @STRENGTH
        const bool known =
            modern ? SSL_CTX_set_ciphersuites(context, one.c_str()) == 1
                   : command || SSL_CTX_set_cipher_list(context, one.c_str() + before) == 1;
        if (!known) {
            return refuse(
                fmt::format("\"{}\" in the list of ciphers is none that OpenSSL knows; "
                            "`openssl ciphers` lists them",
                            one));
        }
        auto& list = modern ? tls13 : tls12;
        list += list.empty() ? one : ':' + one;
    }
    if (tls12.empty()) {
        SSL_CTX_set_cipher_list(context, ciphers_tls12);
    } else if (SSL_CTX_set_cipher_list(context, (tls12 + ":!aNULL:!eNULL").c_str()) != 1) {
        return refuse(fmt::format("the list of ciphers \"{}\" leaves none", ciphers));
    }
    if (!tls13.empty()) SSL_CTX_set_ciphersuites(context, tls13.c_str());
    return {};
}

Result<std::string> read_file(const std::string& path, std::string_view what) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(ErrorCode::argument_invalid, fmt::format("cannot read the {} file {}: {}", what,
                                                             path, std::strerror(errno)));
    }
    std::string text(pem_bytes_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

}  // namespace

void FreeSslContext::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

Result<std::shared_ptr<const TlsServer>> TlsServer::create(const TlsServerOptions& options) {
    auto context = make_context(TLS_server_method());
    if (!context) return std::unexpected(context.error());
    SSL_CTX* native = context->get();
    if (auto used =
            use_identity(native, options.certificate_chain_pem, options.private_key_pem, {});
        !used) {
        return std::unexpected(used.error());
    }
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(native, accept_any_certificate, nullptr);
    SSL_CTX_set_max_cert_list(native, client_chain_bytes_max);
    // Resuming saves a TLS 1.3 client little, and each ticket holds its whole certificate: 0.4 ms
    // of every handshake. TLS 1.2 clients still resume, by a ticket made only when asked for.
    SSL_CTX_set_num_tickets(native, 0);
    constexpr unsigned char session_context[] = "restante";
    SSL_CTX_set_session_id_context(native, session_context, sizeof session_context - 1);
    return std::make_shared<const TlsServer>(std::move(*context), options.ca_file);
}

Result<std::shared_ptr<const TlsServer>> TlsServer::from_files(
    const std::string& certificate_chain_file, const std::string& private_key_file,
    const std::string& ca_file) {
    auto certificate = read_file(certificate_chain_file, "certificate");
    if (!certificate) return std::unexpected(certificate.error());
    auto key = read_file(private_key_file, "private key");
    if (!key) return std::unexpected(key.error());
    TlsServerOptions options;
    options.certificate_chain_pem = std::move(*certificate);
    options.private_key_pem = std::move(*key);
    options.ca_file = ca_file;
    auto server = create(options);
    if (server) return server;
    return fail(server.error().code, fmt::format("{} with {}: {}", certificate_chain_file,
                                                 private_key_file, server.error().message));
}

Result<std::shared_ptr<const TlsClient>> TlsClient::create(const TlsClientOptions& options) {
    auto context = make_context(TLS_client_method());
    if (!context) return std::unexpected(context.error());
    SSL_CTX* native = context->get();
    if (auto trusted = trust(native, options.ca_pem); !trusted) {
        return std::unexpected(trusted.error());
    }
    if (!options.ciphers.empty()) {
        if (auto used = use_ciphers(native, options.ciphers); !used) {
            return std::unexpected(used.error());
        }
    }
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, TlsStream::note_verification);
    if (!options.certificate_chain_pem.empty()) {
        if (auto used = use_identity(native, options.certificate_chain_pem, options.private_key_pem,
                                     options.pass_phrase);
            !used) {
            return std::unexpected(used.error());
        }
    }
    return std::make_shared<const TlsClient>(std::move(*context));
}

}  // namespace restante::net
