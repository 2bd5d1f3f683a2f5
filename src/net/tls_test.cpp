#include "net/tls.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "support/test_certificates.hpp"

namespace restante::net {
namespace {

using test::authority_certificate;
using test::device_certificate;
using test::server_certificate;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TlsServerOptions options_of(const std::string& certificate, const std::string& key) {
    return {.certificate_chain_pem = certificate, .private_key_pem = key, .ca_file = ""};
}

TEST(TlsServer, TakesACertificateWithItsIssuers) {
    const auto server = TlsServer::create(
        options_of(server_certificate().certificate_pem + authority_certificate().certificate_pem,
                   server_certificate().private_key_pem));
    EXPECT_TRUE(server.has_value());
}

TEST(TlsServer, RefusesTextThatIsNoCertificate) {
    const auto server = TlsServer::create(options_of("hello", "hello"));
    ASSERT_FALSE(server.has_value());
    EXPECT_EQ(server.error().code, ErrorCode::argument_invalid);
    EXPECT_THAT(server.error().message, HasSubstr("no certificate in PEM form"));
}

TEST(TlsServer, RefusesAKeyOfAnotherCertificate) {
    const auto server = TlsServer::create(
        options_of(server_certificate().certificate_pem, device_certificate().private_key_pem));
    ASSERT_FALSE(server.has_value());
    EXPECT_THAT(server.error().message, HasSubstr("does not belong to the certificate"));
}

TEST(TlsServer, RefusesAKeyUnderAPassphraseWithoutAskingForIt) {
    const auto server = TlsServer::create(
        options_of(server_certificate().certificate_pem,
                   "-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n"));
    ASSERT_FALSE(server.has_value());
    EXPECT_THAT(server.error().message, HasSubstr("passphrase"));
}

TEST(TlsServer, NamesTheFileThatCannotBeRead) {
    const auto server = TlsServer::from_files("missing/hub.pem", "missing/hub.key", "ca.pem");
    ASSERT_FALSE(server.has_value());
    EXPECT_THAT(server.error().message,
                HasSubstr("certificate file missing/hub.pem: No such file"));
}

TEST(TlsClient, RefusesTrustTextWithoutCertificates) {
    const auto client = TlsClient::create(
        {.ca_pem = "nothing", .certificate_chain_pem = "", .private_key_pem = ""});
    ASSERT_FALSE(client.has_value());
    EXPECT_THAT(client.error().message, HasSubstr("holds none in PEM form"));
}

TEST(TlsClient, TrustsTheSystemUnlessToldOtherwise) {
    EXPECT_TRUE(TlsClient::create({}).has_value());
}

/// What a client with this list offers, in its order.
std::vector<std::string> offered(const std::string& ciphers) {
    const auto client = TlsClient::create({.ciphers = ciphers});
    if (!client) return {client.error().message};
    SSL* const ssl = SSL_new((*client)->native());
    std::vector<std::string> names;
    const auto* const list = SSL_get_ciphers(ssl);
    for (int i = 0; i < sk_SSL_CIPHER_num(list); ++i) {
        names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(list, i)));
    }
    SSL_free(ssl);
    return names;
}

TEST(TlsClient, OffersTheCiphersOfEachVersionThatAreNamed) {
    EXPECT_THAT(offered("TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES256-GCM-SHA384"),
                ElementsAre("TLS_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-AES256-GCM-SHA384"));
    EXPECT_THAT(offered("ECDHE-RSA-AES256-GCM-SHA384"),
                AllOf(Contains("TLS_AES_128_GCM_SHA256"), Contains("ECDHE-RSA-AES256-GCM-SHA384"),
                      Not(Contains("ECDHE-RSA-AES128-GCM-SHA256"))));
    EXPECT_THAT(offered("TLS_AES_128_GCM_SHA256"),
                AllOf(Contains("ECDHE-RSA-AES128-GCM-SHA256"), Not(Contains("AES128-SHA")),
                      Not(Contains("TLS_AES_256_GCM_SHA384"))));
}

TEST(TlsClient, NeverOffersToGoWithoutAuthentication) {
    EXPECT_THAT(offered("ECDHE+AESGCM:aNULL:eNULL:@SECLEVEL=0"),
                AllOf(Contains("ECDHE-RSA-AES128-GCM-SHA256"), Not(Contains(HasSubstr("ADH"))),
                      Not(Contains(HasSubstr("AECDH"))), Not(Contains(HasSubstr("NULL")))));
}

TEST(TlsClient, NamesTheCipherThatOpenSslDoesNotKnow) {
    for (const char* wrong : {"ROT13", "TLS_ROT13", ""}) {
        const auto said = offered("ECDHE-RSA-AES256-GCM-SHA384:" + std::string(wrong));
        EXPECT_THAT(said, ElementsAre(HasSubstr("\"" + std::string(wrong) + "\" in the list")));
    }
    EXPECT_THAT(offered("AES128-SHA:!ALL"), ElementsAre(HasSubstr("leaves none")));
}

}  // namespace
}  // namespace restante::net
