#include "auth/authority_proof.hpp"

#include <gmock/gmock.h>

#include "support/test_certificates.hpp"

namespace restante::auth {
namespace {

using test::make_certificate;
using test::TestCertificate;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr const char* leaf = "DNS:proof";

class AuthorityProofTest : public testing::Test {
  protected:
    const WallTime now = SystemClock().now().wall;
    const TestCertificate fleet = make_certificate("Fleet CA", "", nullptr, 20);
    const TestCertificate impostor = make_certificate("Fleet CA", "", nullptr, 20);
    const TrustedAuthority authority{.name = "fleet",
                                     .certificate_pem = fleet.certificate_pem,
                                     .verification_code = make_verification_code()};

    std::string refusal(const TestCertificate& proof) const {
        const auto checked = check_possession(authority, proof.certificate_pem, now);
        return checked ? "accepted" : checked.error().message;
    }
    std::string refusal(const std::string& pem) const {
        const auto checked = check_new_authority(pem, now);
        return checked ? "accepted" : checked.error().message;
    }
};

TEST_F(AuthorityProofTest, ACertificateForTheCodeByTheAuthoritysKeyProvesPossession) {
    EXPECT_EQ(refusal(make_certificate(authority.verification_code, leaf, &fleet)), "accepted");
}

TEST_F(AuthorityProofTest, AnAuthorityBelowAnotherIsProvedByItsOwnKey) {
    const auto below = make_certificate("Plant CA", "", &fleet);
    const TrustedAuthority plant{
        .name = "plant", .certificate_pem = below.certificate_pem, .verification_code = "CODE"};
    const auto proof = make_certificate("CODE", leaf, &below);
    EXPECT_TRUE(check_possession(plant, proof.certificate_pem, now));
    const auto by_root = make_certificate("CODE", leaf, &fleet);
    EXPECT_FALSE(check_possession(plant, by_root.certificate_pem, now));
}

TEST_F(AuthorityProofTest, AnotherCodeIsRefusedAndTheRightOneNamed) {
    EXPECT_THAT(refusal(make_certificate(make_verification_code(), leaf, &fleet)),
                AllOf(HasSubstr("common name"), HasSubstr(authority.verification_code)));
}

TEST_F(AuthorityProofTest, AnotherAuthorityOfTheSameNameProvesNothing) {
    EXPECT_THAT(refusal(make_certificate(authority.verification_code, leaf, &impostor)),
                HasSubstr("not signed by this authority"));
}

TEST_F(AuthorityProofTest, AnotherAuthorityProvesNothing) {
    EXPECT_THAT(refusal(make_certificate(authority.verification_code, leaf,
                                         &test::authority_certificate())),
                HasSubstr("not signed by this authority"));
}

TEST_F(AuthorityProofTest, ACertificateSignedByItselfProvesNothing) {
    EXPECT_THAT(refusal(make_certificate(authority.verification_code, leaf, nullptr)),
                HasSubstr("signed by itself"));
    EXPECT_THAT(refusal(impostor), HasSubstr("signed by itself"));
}

TEST_F(AuthorityProofTest, TheAuthoritysOwnCertificateIsNoProof) {
    EXPECT_THAT(refusal(fleet), HasSubstr("common name"));
}

TEST_F(AuthorityProofTest, AnExpiredProofIsRefused) {
    EXPECT_THAT(refusal(make_certificate(authority.verification_code, leaf, &fleet, -1)),
                HasSubstr("verification certificate has expired"));
}

TEST_F(AuthorityProofTest, AnExpiredAuthorityIsNotVerified) {
    const auto proof = make_certificate(authority.verification_code, leaf, &fleet, 40);
    const auto later = now + std::chrono::days(30);
    EXPECT_THAT(check_possession(authority, proof.certificate_pem, later).error().message,
                HasSubstr("authority has expired"));
}

TEST_F(AuthorityProofTest, ACertificateOfTomorrowIsRefusedWithAWordOnTheClock) {
    const auto proof = make_certificate(authority.verification_code, leaf, &fleet);
    const auto earlier = now - std::chrono::days(30);
    EXPECT_THAT(check_possession(authority, proof.certificate_pem, earlier).error().message,
                AllOf(HasSubstr("not valid yet"), HasSubstr("clock")));
}

TEST_F(AuthorityProofTest, WhatIsNoCertificateIsRefused) {
    const auto checked = check_possession(authority, "a request, perhaps", now);
    EXPECT_THAT(checked.error().message, HasSubstr("no certificate"));
}

TEST_F(AuthorityProofTest, AnAuthorityIsToldByItsNameAndFingerprint) {
    const auto description = check_new_authority(fleet.certificate_pem, now);
    ASSERT_TRUE(description);
    EXPECT_EQ(description->subject, "CN=Fleet CA");
    EXPECT_THAT(description->fingerprint, MatchesRegex("[0-9A-F]{64}"));
    EXPECT_NE(description->fingerprint,
              check_new_authority(impostor.certificate_pem, now).value().fingerprint);
}

TEST_F(AuthorityProofTest, OnlyTheValidCertificateOfAnAuthorityCanBeAdded) {
    EXPECT_EQ(refusal(fleet.certificate_pem), "accepted");
    EXPECT_THAT(refusal(test::server_certificate().certificate_pem),
                AllOf(HasSubstr("'CN=hub'"), HasSubstr("CA:TRUE")));
    EXPECT_THAT(refusal(make_certificate("Old CA", "", nullptr, -1).certificate_pem),
                AllOf(HasSubstr("Old CA"), HasSubstr("expired on 20")));
    EXPECT_THAT(refusal(fleet.private_key_pem),
                AllOf(HasSubstr("no certificate"), Not(HasSubstr("BEGIN PRIVATE"))));
    EXPECT_THAT(refusal(fleet.certificate_pem + impostor.certificate_pem),
                HasSubstr("more than one"));
    EXPECT_THAT(refusal(std::string(20'000, 'x')), HasSubstr("20000 bytes"));
}

TEST_F(AuthorityProofTest, CodesDifferAndFitACommonName) {
    EXPECT_THAT(make_verification_code(), MatchesRegex("[0-9A-F]{48}"));
    EXPECT_NE(make_verification_code(), make_verification_code());
}

TEST_F(AuthorityProofTest, AFilesAuthoritiesAreCheckedOneByOne) {
    const auto refusal_of = [](const std::vector<TrustedAuthority>& all) {
        const auto checked = check_authorities(all);
        return checked ? "accepted" : checked.error().message;
    };
    auto other = authority;
    other.name = "other";
    EXPECT_THAT(refusal_of({authority, other}), AllOf(HasSubstr("'other'"), HasSubstr("twice")));
    other.certificate_pem = impostor.certificate_pem;
    EXPECT_EQ(refusal_of({authority, other}), "accepted");
    other.name = authority.name;
    EXPECT_THAT(refusal_of({authority, other}), HasSubstr("name is there twice"));
    other.name = "a b";
    EXPECT_THAT(refusal_of({other}), HasSubstr("'a b'"));
    other = {.name = "empty", .verification_code = "CODE"};
    EXPECT_THAT(refusal_of({other}), AllOf(HasSubstr("'empty'"), HasSubstr("no certificate")));
    other = authority;
    other.verification_code.clear();
    EXPECT_THAT(refusal_of({other}), HasSubstr("no verification code"));
    EXPECT_THAT(refusal_of(std::vector(26, authority)), HasSubstr("at most 25"));
}

TEST_F(AuthorityProofTest, AnAuthorityThatHasExpiredSinceDoesNotSpoilTheFile) {
    const auto old = make_certificate("Old CA", "", nullptr, -1);
    EXPECT_TRUE(check_authorities({{.name = "old",
                                    .certificate_pem = old.certificate_pem,
                                    .verification_code = "CODE",
                                    .verified = true}}));
}

}  // namespace
}  // namespace restante::auth
