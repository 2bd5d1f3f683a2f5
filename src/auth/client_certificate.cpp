#include "auth/client_certificate.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <array>
#include <climits>
#include <ctime>
#include <vector>

#include "auth/openssl.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace restante::auth {

struct ClientCertificate::Chain {
    std::vector<openssl::Certificate> owned;
    std::vector<x509_st*> issuers;
};

namespace {

openssl::Certificate read_der(const Bytes& der) {
    const unsigned char* begin = der.data();
    openssl::Certificate certificate(
        der.size() > LONG_MAX ? nullptr : d2i_X509(nullptr, &begin, static_cast<long>(der.size())));
    ERR_clear_error();
    return certificate;
}

std::string digest(const X509* certificate, const EVP_MD* algorithm) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    if (X509_digest(certificate, algorithm, bytes.data(), &size) != 1) return {};
    return to_hex(BytesView(bytes.data(), size));
}

Result<WallTime> read_time(const ASN1_TIME* text) {
    std::tm time{};
    if (ASN1_TIME_to_tm(text, &time) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::unauthorized, "the client certificate's validity cannot be read");
    }
    return WallTime{std::chrono::seconds(::timegm(&time))};
}

}  // namespace

Result<ClientCertificate> ClientCertificate::parse(std::span<const Bytes> chain_der) {
    auto chain = std::make_shared<Chain>();
    for (const auto& der : chain_der) {
        chain->owned.push_back(read_der(der));
        if (!chain->owned.back()) {
            return fail(ErrorCode::unauthorized, "the client certificate cannot be read");
        }
        if (chain->owned.size() > 1) chain->issuers.push_back(chain->owned.back().get());
    }
    if (chain->owned.empty()) {
        return fail(ErrorCode::unauthorized, "the client presented no certificate");
    }
    return ClientCertificate(std::move(chain));
}

bool ClientCertificate::matches(const model::X509Thumbprint& thumbprint) const {
    const std::string sha1 = digest(native(), EVP_sha1());
    const std::string sha256 = digest(native(), EVP_sha256());
    const auto is_one = [&](const std::optional<std::string>& registered) {
        return registered && !registered->empty() &&
               (iequals(*registered, sha1) || iequals(*registered, sha256));
    };
    return is_one(thumbprint.primary) || is_one(thumbprint.secondary);
}

Result<WallTime> ClientCertificate::check_validity(WallTime now) const {
    const auto begin = read_time(X509_get0_notBefore(native()));
    if (!begin) return begin;
    auto end = read_time(X509_get0_notAfter(native()));
    if (!end) return end;
    if (now < *begin) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the client certificate is not valid before {}; by the hub's clock "
                                "that is in {} s",
                                to_iso8601(*begin),
                                std::chrono::ceil<std::chrono::seconds>(*begin - now).count()));
    }
    if (now > *end) {
        return fail(ErrorCode::unauthorized,
                    fmt::format("the client certificate expired at {}, {} s ago by the hub's clock",
                                to_iso8601(*end),
                                std::chrono::floor<std::chrono::seconds>(now - *end).count()));
    }
    return end;
}

std::optional<std::string> ClientCertificate::common_name() const {
    const X509_NAME* subject = X509_get_subject_name(native());
    const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) {
        return std::nullopt;
    }
    unsigned char* text = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first)));
    if (size < 0) {
        ERR_clear_error();
        return std::nullopt;
    }
    // By its length, not up to a NUL: "d1\0evil" is not d1.
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    return name;
}

std::string ClientCertificate::fingerprint() const {
    std::string hex = digest(native(), EVP_sha256());
    for (char& c : hex) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    return hex;
}

x509_st* ClientCertificate::native() const {
    return chain_->owned.front().get();
}

std::span<x509_st* const> ClientCertificate::issuers() const {
    return chain_->issuers;
}

}  // namespace restante::auth
