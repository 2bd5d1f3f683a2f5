#include "net/tls.hpp"

#include <gmock/gmock.h>

#include "support/test_certificates.hpp"

namespace restante::net {
namespace {

using test::authority_certificate;
using test::device_certificate;
using test::server_certificate;
using testing::HasSubstr;

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

}  // namespace
}  // namespace restante::net
