#include "server/server_certificate.hpp"

#include <gmock/gmock.h>

#include "support/shown_certificate.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_certificates.hpp"
#include "support/test_hub.hpp"

namespace restante::server {
namespace {

using std::chrono::days;
using test::make_certificate;
using test::shows;
using test::shows_one_issued_by;
using test::TestCertificate;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Test certificates are valid today, so the clock begins today.
class ServerCertificateTest : public testing::Test {
  protected:
    ServerCertificateTest() { config.hostname = "hub.example"; }

    std::unique_ptr<ServerCertificate> begin() {
        if (config.tls_certificate.empty()) {
            directory.prepare_certificate_authority(clock.now().wall);
        }
        return std::make_unique<ServerCertificate>(
            config, directory, clock, Logger(log, clock),
            [this](const auto& tls) { replaced.push_back(tls); });
    }
    std::unique_ptr<ServerCertificate> begin_with(const TestCertificate& own) {
        config.tls_certificate = folder.path() / "hub.pem";
        config.tls_key = folder.path() / "hub.key.pem";
        put(own);
        return begin();
    }
    void put(const TestCertificate& own) const {
        test::replace_file(config.tls_certificate, own.certificate_pem);
        test::replace_file(config.tls_key, own.private_key_pem);
    }
    static TestCertificate own(int lasting_days = 90, const char* hosts = "DNS:hub.example") {
        return make_certificate("hub", hosts, nullptr, lasting_days);
    }

    const test::TemporaryFolder folder;
    const DataDirectory directory = DataDirectory::create(folder.path() / "data");
    test::ManualClock clock{SystemClock().now().wall};
    test::LogLines log;
    Config config;
    std::vector<std::shared_ptr<const net::TlsServer>> replaced;
};

TEST_F(ServerCertificateTest, ThePrivateAuthorityIssuesOneForTheHubsNames) {
    const auto certificate = begin();
    EXPECT_TRUE(shows_one_issued_by(*certificate->tls(),
                                    directory.certificate_authority().value().certificate_pem));
    EXPECT_EQ(certificate->trust_file(), directory.ca_path());
    EXPECT_THAT(log.of("certificate_lacks_hostname"), IsEmpty());
    certificate->look();
    EXPECT_THAT(replaced, IsEmpty());
}

TEST_F(ServerCertificateTest, AReplacedAuthorityIssuesANewOne) {
    const auto certificate = begin();
    const auto authority = auth::create_certificate_authority(clock.now().wall).value();
    directory.write(authority);
    certificate->look();
    ASSERT_EQ(replaced.size(), 1U);
    EXPECT_TRUE(shows_one_issued_by(*replaced[0], authority.certificate_pem));
    EXPECT_THAT(log.of("certificate_replaced"), ElementsAre(HasSubstr("new file")));
}

TEST_F(ServerCertificateTest, AnAuthorityWithAnotherKeyChangesNothingUntilTheKeyFollows) {
    const auto certificate = begin();
    const auto authority = auth::create_certificate_authority(clock.now().wall).value();
    test::replace_file(directory.ca_path(), authority.certificate_pem);
    certificate->look();
    EXPECT_THAT(replaced, IsEmpty());
    EXPECT_THAT(log.of("certificate_refused"),
                ElementsAre(AllOf(HasSubstr("ca.pem"), HasSubstr("private key"))));
    test::replace_file(directory.ca_key_path(), authority.private_key_pem);
    certificate->look();
    EXPECT_EQ(replaced.size(), 1U);
}

TEST_F(ServerCertificateTest, AnIssuedOneIsRenewedAMonthBeforeItEnds) {
    const auto certificate = begin();
    clock.advance(days(365 - 31));
    certificate->look();
    EXPECT_THAT(replaced, IsEmpty());
    clock.advance(days(2));
    certificate->look();
    ASSERT_EQ(replaced.size(), 1U);
    EXPECT_THAT(log.of("certificate_replaced"), ElementsAre(HasSubstr("renewal")));
    certificate->look();
    EXPECT_EQ(replaced.size(), 1U);
}

TEST_F(ServerCertificateTest, ARenewalThatFailsIsTriedAgainAnHourLater) {
    const auto certificate = begin();
    clock.advance(days(350));
    std::filesystem::remove(directory.ca_key_path());
    certificate->look();
    certificate->look();
    EXPECT_EQ(log.of("certificate_refused").size(), 1U);
    clock.advance(std::chrono::minutes(61));
    certificate->look();
    EXPECT_EQ(log.of("certificate_refused").size(), 2U);
    EXPECT_THAT(replaced, IsEmpty());
}

TEST_F(ServerCertificateTest, TheOwnersCertificateIsShownAndReplacedWithItsFiles) {
    const auto first = own();
    const auto certificate = begin_with(first);
    EXPECT_TRUE(shows(*certificate->tls(), first.certificate_pem));
    EXPECT_EQ(certificate->trust_file(), config.tls_certificate);
    const auto second = own();
    put(second);
    certificate->look();
    ASSERT_EQ(replaced.size(), 1U);
    EXPECT_TRUE(shows(*replaced[0], second.certificate_pem));
}

TEST_F(ServerCertificateTest, ALinkTurnedToAnotherFileIsNoticed) {
    const auto certificate = begin_with(own());
    const auto second = own();
    test::replace_file(folder.path() / "second.pem", second.certificate_pem);
    test::replace_file(folder.path() / "second.key.pem", second.private_key_pem);
    std::filesystem::remove(config.tls_certificate);
    std::filesystem::remove(config.tls_key);
    std::filesystem::create_symlink("second.pem", config.tls_certificate);
    std::filesystem::create_symlink("second.key.pem", config.tls_key);
    certificate->look();
    ASSERT_EQ(replaced.size(), 1U);
    EXPECT_TRUE(shows(*replaced[0], second.certificate_pem));
}

TEST_F(ServerCertificateTest, APairThatCannotBeUsedKeepsTheOldOneAndSaysWhy) {
    const auto first = own();
    const auto certificate = begin_with(first);
    const auto reasons = [&](const TestCertificate& wrong) {
        put(wrong);
        certificate->look();
        return log.of("certificate_refused").back();
    };
    EXPECT_THAT(reasons({.certificate_pem = own().certificate_pem,
                         .private_key_pem = own().private_key_pem}),
                HasSubstr("does not belong to the certificate"));
    EXPECT_THAT(reasons({.certificate_pem = "", .private_key_pem = ""}),
                HasSubstr("no certificate"));
    EXPECT_THAT(reasons(own(-1)), HasSubstr("has expired on"));
    std::filesystem::remove(config.tls_key);
    certificate->look();
    EXPECT_THAT(log.of("certificate_refused").back(),
                AllOf(HasSubstr("hub.key.pem"), HasSubstr("No such file")));
    EXPECT_THAT(replaced, IsEmpty());
    EXPECT_TRUE(shows(*certificate->tls(), first.certificate_pem));
}

TEST_F(ServerCertificateTest, WithoutAUsablePairThereIsNoBeginning) {
    EXPECT_THROW(begin_with(own(-1)), UsageError);
    EXPECT_THROW(begin_with({.certificate_pem = "", .private_key_pem = ""}), UsageError);
}

TEST_F(ServerCertificateTest, AMissingHostNameIsAWarning) {
    const auto certificate = begin_with(own(90, "DNS:other.example"));
    EXPECT_THAT(log.of("certificate_lacks_hostname"), ElementsAre(HasSubstr("hub.example")));
    put(own());
    certificate->look();
    EXPECT_EQ(replaced.size(), 1U);
    EXPECT_EQ(log.of("certificate_lacks_hostname").size(), 1U);
}

TEST_F(ServerCertificateTest, TheOwnerIsWarnedOnceADayBeforeTheirCertificateEnds) {
    const auto certificate = begin_with(own(20));
    certificate->look();
    EXPECT_THAT(log.of("certificate_expires_soon"), IsEmpty());
    clock.advance(days(7));
    certificate->look();
    certificate->look();
    EXPECT_EQ(log.of("certificate_expires_soon").size(), 1U);
    clock.advance(days(1));
    certificate->look();
    EXPECT_EQ(log.of("certificate_expires_soon").size(), 2U);
    EXPECT_THAT(replaced, IsEmpty());
}

}  // namespace
}  // namespace restante::server
