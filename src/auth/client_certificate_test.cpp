#include "auth/client_certificate.hpp"

#include <gmock/gmock.h>

#include "auth/authenticator.hpp"
#include "auth/certificate_authority.hpp"
#include "auth/openssl.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "support/test_certificates.hpp"

namespace restante::auth {
namespace {

using namespace std::chrono_literals;
using test::make_certificate;
using test::TestCertificate;
using testing::HasSubstr;
using testing::Not;

/// The clock the test certificates are made by.
const WallTime now = SystemClock().now().wall;

Bytes to_der(const std::string& pem) {
    const auto certificate = openssl::read_certificate(pem);
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate.get(), &bytes);
    Bytes der(bytes, bytes + size);
    OPENSSL_free(bytes);
    return der;
}

ClientCertificate present(std::initializer_list<TestCertificate> chain) {
    std::vector<Bytes> ders;
    for (const auto& certificate : chain) ders.push_back(to_der(certificate.certificate_pem));
    return *ClientCertificate::parse(ders);
}

TestCertificate leaf(const std::string& name, const TestCertificate* issuer, int days = 2) {
    return make_certificate(name, "DNS:client", issuer, days);
}

class ClientCertificateTest : public testing::Test {
  protected:
    ClientCertificateTest() { device.authentication.type = Type::certificate_authority; }
    using Type = model::AuthenticationType;

    Result<WallTime> check(const ClientCertificate& certificate, WallTime at = now) {
        return check_certificate(certificate, subject_of(device), TrustedAuthorities(trusted), at);
    }
    std::string refusal(const ClientCertificate& certificate, WallTime at = now) {
        const auto checked = check(certificate, at);
        if (checked) return "accepted";
        EXPECT_EQ(checked.error().code, ErrorCode::unauthorized);
        return checked.error().message;
    }

    const TestCertificate authority = make_certificate("Fleet CA", "", nullptr);
    std::vector<TrustedAuthority> trusted{{.name = "fleet",
                                           .certificate_pem = authority.certificate_pem,
                                           .verification_code = {},
                                           .verified = true}};
    model::DeviceIdentity device{.id = *model::DeviceId::parse("d1")};
};

TEST_F(ClientCertificateTest, ADevicesOwnIsKnownByEitherThumbprintInEitherHash) {
    device.authentication.type = Type::self_signed;
    const auto own = leaf("anything", nullptr);
    const auto certificate = present({own});
    const std::string sha256 = certificate.fingerprint();
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    X509_digest(certificate.native(), EVP_sha1(), bytes.data(), &size);
    const std::string sha1 = to_hex(BytesView(bytes.data(), size));
    for (const auto& thumbprint : {sha256, to_lower(sha256), sha1}) {
        device.authentication.x509_thumbprint = {.primary = thumbprint};
        EXPECT_EQ(refusal(certificate), "accepted");
        device.authentication.x509_thumbprint = {.primary = std::string(40, '0'),
                                                 .secondary = thumbprint};
        EXPECT_EQ(refusal(certificate), "accepted");
    }
    const auto expiry = check(certificate);
    EXPECT_GT(*expiry, now + 24h);
    EXPECT_LT(*expiry, now + 72h);
    device.authentication.x509_thumbprint = {.primary = std::string(64, '0'), .secondary = ""};
    EXPECT_THAT(refusal(certificate), HasSubstr("thumbprint " + sha256));
    EXPECT_THAT(refusal(certificate), Not(HasSubstr("accepted")));
}

TEST_F(ClientCertificateTest, OnlyWhileItIsValid) {
    device.authentication.type = Type::self_signed;
    const auto certificate = present({leaf("d1", nullptr)});
    device.authentication.x509_thumbprint = {.primary = certificate.fingerprint()};
    EXPECT_THAT(refusal(certificate, now + 72h), HasSubstr("expired at 20"));
    EXPECT_THAT(refusal(certificate, now - 96h), HasSubstr("not valid before 20"));
    device.authentication.type = Type::certificate_authority;
    EXPECT_THAT(refusal(present({leaf("d1", &authority)}), now + 72h), HasSubstr("expired at 20"));
}

TEST_F(ClientCertificateTest, AnAuthoritysIsForTheIdInItsCommonNameAndNoOther) {
    EXPECT_EQ(refusal(present({leaf("d1", &authority)})), "accepted");
    for (const auto& name :
         {std::string("d"), std::string("d11"), std::string("D1"), std::string("d1\0x", 4),
          std::string("d1/m"), std::string(" d1"), std::string()}) {
        EXPECT_THAT(refusal(present({leaf(name, &authority)})), HasSubstr("not for 'd1'"));
    }
}

TEST_F(ClientCertificateTest, OneByNobodyTheHubTrustsProvesNothing) {
    const auto other = make_certificate("Fleet CA", "", nullptr);  // of the same name
    EXPECT_THAT(refusal(present({leaf("d1", &other), other})), HasSubstr("proves nothing"));
    EXPECT_THAT(refusal(present({leaf("d1", &other)})), HasSubstr("proves nothing"));
    EXPECT_THAT(refusal(present({leaf("d1", nullptr)})), HasSubstr("signed by itself"));
    EXPECT_THAT(refusal(present({leaf("d1", nullptr), authority})), HasSubstr("proves nothing"));
    const auto not_an_authority = leaf("Fleet device", &authority);
    EXPECT_THAT(refusal(present({leaf("d1", &not_an_authority), not_an_authority})),
                HasSubstr("proves nothing"))
        << "a device's certificate signs no other";
}

TEST_F(ClientCertificateTest, AnAuthorityCountsOnceItIsVerified) {
    trusted[0].verified = false;
    EXPECT_THAT(refusal(present({leaf("d1", &authority)})),
                HasSubstr("its authority 'fleet' is not verified"));
    const auto plant = make_certificate("Plant CA", "", &authority);
    EXPECT_THAT(refusal(present({leaf("d1", &plant), plant})),
                HasSubstr("its authority 'fleet' is not verified"));
    trusted.clear();
    EXPECT_THAT(refusal(present({leaf("d1", &authority)})), HasSubstr("proves nothing"));
}

TEST_F(ClientCertificateTest, AChainLeadsToARootOrToAnAuthorityBelowIt) {
    const auto plant = make_certificate("Plant CA", "", &authority);
    const auto line = make_certificate("Line CA", "", &plant);
    const auto device_certificate = leaf("d1", &line);
    EXPECT_EQ(refusal(present({device_certificate, line, plant})), "accepted");
    EXPECT_EQ(refusal(present({device_certificate, plant, line, authority})), "accepted");
    EXPECT_THAT(refusal(present({device_certificate, line})), HasSubstr("proves nothing"));
    trusted[0].certificate_pem = plant.certificate_pem;
    EXPECT_EQ(refusal(present({device_certificate, line})), "accepted");
    EXPECT_THAT(refusal(present({leaf("d1", &authority)})), HasSubstr("proves nothing"));
}

TEST_F(ClientCertificateTest, AChainIsFollowedOnlySoFar) {
    std::vector<TestCertificate> chain{authority};
    for (int i = 0; i < 8; ++i) chain.push_back(make_certificate("CA", "", &chain.back()));
    chain.push_back(leaf("d1", &chain.back()));
    std::vector<Bytes> ders;
    for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
        ders.push_back(to_der(it->certificate_pem));
    }
    EXPECT_THAT(refusal(*ClientCertificate::parse(ders)), HasSubstr("proves nothing"));
}

TEST_F(ClientCertificateTest, OneForServersProvesNoDevice) {
    const auto own = *create_certificate_authority(now);
    trusted[0].certificate_pem = own.certificate_pem;
    const auto server = issue_server_certificate(own, std::vector<std::string>{"d1.example"}, now);
    EXPECT_THAT(refusal(present({{server->certificate_pem, ""}})), HasSubstr("proves nothing"));
}

TEST_F(ClientCertificateTest, KeysAndCertificatesDoNotStandInForEachOther) {
    device.authentication.type = Type::sas;
    EXPECT_THAT(refusal(present({leaf("d1", &authority)})),
                HasSubstr("authenticates by key, not by certificate"));
}

TEST_F(ClientCertificateTest, ADisabledDeviceIsToldApart) {
    device.status = model::DeviceStatus::disabled;
    EXPECT_EQ(check(present({leaf("d1", &authority)})).error().code, ErrorCode::device_disabled);
}

TEST_F(ClientCertificateTest, AModuleIsNamedBehindItsDevice) {
    model::ModuleDescription module{
        .device = device.id,
        .identity = {.id = *model::ModuleId::parse("m1"),
                     .authentication = {.type = Type::certificate_authority}}};
    const TrustedAuthorities authorities(trusted);
    const auto check_module = [&](const std::string& name) {
        return check_certificate(present({leaf(name, &authority)}), subject_of(module), authorities,
                                 now);
    };
    EXPECT_TRUE(check_module("d1/m1"));
    EXPECT_FALSE(check_module("d1"));
    EXPECT_FALSE(check_module("m1"));
    EXPECT_FALSE(check_module("d2/m1"));
}

TEST_F(ClientCertificateTest, BytesThatAreNoCertificateAreRefused) {
    EXPECT_FALSE(ClientCertificate::parse({}));
    EXPECT_FALSE(ClientCertificate::parse(std::vector<Bytes>{Bytes{}}));
    EXPECT_FALSE(ClientCertificate::parse(std::vector<Bytes>{Bytes{0x30, 0x82, 0xff, 0xff}}));
}

}  // namespace
}  // namespace restante::auth
