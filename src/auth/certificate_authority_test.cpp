#include "auth/certificate_authority.hpp"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

namespace restante::auth {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}};

Certificate parse(const std::string& pem) {
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
    BIO_free(bio);
    return certificate;
}

/// X509_V_OK, or why OpenSSL does not trust `pem` at `time` with only `authority` to go by.
int verify(const std::string& authority, const std::string& pem, WallTime time) {
    const Certificate root = parse(authority);
    const Certificate leaf = parse(pem);
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, root.get());
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, leaf.get(), nullptr);
    X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(
        wanted, std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
    X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
    X509_verify_cert(context);
    const int result = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return result;
}

class CertificateAuthorityTest : public testing::Test {
  protected:
    const CertificateAndKey authority = create_certificate_authority(now).value();
    const std::vector<std::string> hosts = {"localhost", "hub.localhost", "*.hubs.example",
                                            "127.0.0.1", "::1"};
};

TEST_F(CertificateAuthorityTest, IssuesCertificatesThatVerifyStrictly) {
    const auto server = issue_server_certificate(authority, hosts, now).value();
    EXPECT_EQ(verify(authority.certificate_pem, server.certificate_pem, now), X509_V_OK);
    EXPECT_EQ(verify(authority.certificate_pem, server.certificate_pem, now - 1h), X509_V_OK);
    EXPECT_EQ(
        verify(authority.certificate_pem, server.certificate_pem, now + std::chrono::days(366)),
        X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_F(CertificateAuthorityTest, CertificateIsForEachHostAndNoOther) {
    const auto server = issue_server_certificate(authority, hosts, now).value();
    const Certificate certificate = parse(server.certificate_pem);
    for (const char* name : {"localhost", "hub.localhost", "a.hubs.example"}) {
        EXPECT_EQ(X509_check_host(certificate.get(), name, 0, 0, nullptr), 1) << name;
    }
    for (const char* address : {"127.0.0.1", "::1"}) {
        EXPECT_EQ(X509_check_ip_asc(certificate.get(), address, 0), 1) << address;
    }
    EXPECT_EQ(X509_check_host(certificate.get(), "other", 0, 0, nullptr), 0);
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0), 0);
}

TEST_F(CertificateAuthorityTest, SaysWhichHostsACertificateCovers) {
    const auto server = issue_server_certificate(authority, hosts, now)->certificate_pem;
    for (const char* host : {"hub.localhost", "HUB.localhost", "a.hubs.example", "::1"}) {
        EXPECT_TRUE(certificate_covers(server, host)) << host;
    }
    for (const char* host : {"other", "hubs.example", "a.b.hubs.example", "127.0.0.2", ""}) {
        EXPECT_FALSE(certificate_covers(server, host)) << host;
    }
    EXPECT_FALSE(certificate_covers("no certificate", "localhost"));
}

TEST_F(CertificateAuthorityTest, AnotherAuthorityDoesNotVouchForTheCertificate) {
    const auto other = create_certificate_authority(now).value();
    const auto server = issue_server_certificate(authority, hosts, now).value();
    EXPECT_NE(verify(other.certificate_pem, server.certificate_pem, now), X509_V_OK);
}

TEST_F(CertificateAuthorityTest, ServerCertificateCannotIssueOthers) {
    const auto server = issue_server_certificate(authority, hosts, now).value();
    EXPECT_EQ(X509_check_ca(parse(server.certificate_pem).get()), 0);
    EXPECT_EQ(X509_check_ca(parse(authority.certificate_pem).get()), 1);
}

TEST_F(CertificateAuthorityTest, SerialNumbersDiffer) {
    const auto first = parse(issue_server_certificate(authority, hosts, now)->certificate_pem);
    const auto second = parse(issue_server_certificate(authority, hosts, now)->certificate_pem);
    EXPECT_NE(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(first.get()), X509_get0_serialNumber(second.get())),
        0);
}

TEST_F(CertificateAuthorityTest, ExpiryFollowsTheValidityAskedFor) {
    const auto server =
        issue_server_certificate(authority, hosts, now, std::chrono::days(30)).value();
    EXPECT_EQ(certificate_expiry(server.certificate_pem).value(), now + std::chrono::days(30));
    EXPECT_EQ(certificate_expiry(authority.certificate_pem).value(), now + authority_validity);
}

TEST_F(CertificateAuthorityTest, RefusesWhatIsNoHost) {
    for (const char* host :
         {"", "a b", "a..b", "hub.", "https://hub", "a,DNS:b", "*", "127.0.0.256"}) {
        const auto refused =
            issue_server_certificate(authority, std::vector<std::string>{host}, now);
        ASSERT_FALSE(refused.has_value()) << host;
        EXPECT_EQ(refused.error().code, ErrorCode::argument_invalid);
        EXPECT_THAT(refused.error().message, HasSubstr("neither a DNS name nor an IP address"));
    }
    EXPECT_FALSE(issue_server_certificate(authority, {}, now).has_value());
}

TEST_F(CertificateAuthorityTest, LongHostNamesAreNotCutIntoTheCommonName) {
    const std::string host = std::string(60, 'a') + "." + std::string(60, 'b');
    const auto server = issue_server_certificate(authority, std::vector{host}, now).value();
    EXPECT_EQ(X509_check_host(parse(server.certificate_pem).get(), host.c_str(), 0, 0, nullptr), 1);
}

TEST_F(CertificateAuthorityTest, RefusesAnAuthorityWithAForeignKey) {
    const auto other = create_certificate_authority(now).value();
    const CertificateAndKey mixed{.certificate_pem = authority.certificate_pem,
                                  .private_key_pem = other.private_key_pem};
    const auto refused = issue_server_certificate(mixed, hosts, now);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("private key"));
}

TEST_F(CertificateAuthorityTest, ExpiryOfOtherTextIsAnError) {
    EXPECT_FALSE(certificate_expiry("").has_value());
    EXPECT_FALSE(certificate_expiry("-----BEGIN CERTIFICATE-----\nAAAA\n").has_value());
}

TEST_F(CertificateAuthorityTest, AKeyUnderAPassphraseIsRefusedAndNobodyIsAskedForIt) {
    BIO* plain = BIO_new_mem_buf(authority.private_key_pem.data(), -1);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(plain, nullptr, nullptr, nullptr);
    BIO* text = BIO_new(BIO_s_mem());
    const std::string passphrase = "secret";
    PEM_write_bio_PKCS8PrivateKey(text, key, EVP_aes_128_cbc(), passphrase.data(),
                                  static_cast<int>(passphrase.size()), nullptr, nullptr);
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(text, &data));
    const CertificateAndKey locked{.certificate_pem = authority.certificate_pem,
                                   .private_key_pem = std::string(data, size)};
    BIO_free(text);
    BIO_free(plain);
    EVP_PKEY_free(key);
    ASSERT_THAT(locked.private_key_pem, HasSubstr("ENCRYPTED"));
    EXPECT_FALSE(issue_server_certificate(locked, hosts, now).has_value());
}

}  // namespace
}  // namespace restante::auth
