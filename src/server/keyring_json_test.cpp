#include "server/keyring_json.hpp"

#include <gmock/gmock.h>

#include "support/test_certificates.hpp"

namespace restante::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* key = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5";

std::string policy(const std::string& rights, const std::string& more = {}) {
    return std::string(R"({"keyName":"sender","primaryKey":")") + key + R"(","secondaryKey":")" +
           key + R"(","rights":")" + rights + "\"" + more + "}";
}

std::string refusal(const std::string& text) {
    const auto read = policies_from_json(text);
    return read ? "accepted" : read.error().message;
}

TEST(KeyringJson, PoliciesComeBackAsTheyWereWritten) {
    const auto policies = auth::make_default_policies();
    EXPECT_EQ(policies_from_json(policies_to_json(policies)), policies);
    EXPECT_EQ(policies_from_json(policies_to_json({})), auth::SharedAccessPolicies{});
}

TEST(KeyringJson, AnEditedPolicyIsRead) {
    const auto policies = policies_from_json("[" + policy("ServiceConnect, RegistryRead") + "]");
    ASSERT_TRUE(policies);
    ASSERT_EQ(policies->size(), 1U);
    EXPECT_EQ(policies->front().name, "sender");
    EXPECT_EQ(policies->front().rights,
              auth::Rights::registry_read | auth::Rights::service_connect);
}

TEST(KeyringJson, ASlipIsNamedWithItsPlaceAndNeverWithAKey) {
    const auto good = policy("ServiceConnect");
    EXPECT_THAT(refusal("[" + good), HasSubstr("JSON"));
    EXPECT_THAT(refusal(good), HasSubstr("not a JSON array"));
    EXPECT_THAT(refusal("[" + good + ",7]"), HasSubstr("entry 2 is not a JSON object"));
    EXPECT_THAT(refusal("[" + policy("ServiceConnet") + "]"),
                AllOf(HasSubstr("entry 1"), HasSubstr("did you mean ServiceConnect?")));
    EXPECT_THAT(refusal("[" + policy("ServiceConnect", R"(,"righst":"")") + "]"),
                AllOf(HasSubstr("entry 1"), HasSubstr("'righst'")));
    EXPECT_THAT(refusal(R"([{"keyName":"a"}])"),
                AllOf(HasSubstr("entry 1"), HasSubstr("primaryKey is missing")));
    EXPECT_THAT(refusal(R"([{"keyName":1}])"), HasSubstr("keyName must be a string"));
    EXPECT_THAT(refusal("[" + good + "," + good + "]"),
                AllOf(HasSubstr("'sender'"), HasSubstr("twice"), Not(HasSubstr(key))));
    EXPECT_THAT(refusal(std::string(600'000, ' ')), HasSubstr("limit"));
}

TEST(KeyringJson, AuthoritiesComeBackAsTheyWereWritten) {
    const std::vector<auth::TrustedAuthority> authorities{
        {.name = "fleet",
         .certificate_pem = test::authority_certificate().certificate_pem,
         .verification_code = "CODE",
         .verified = true}};
    EXPECT_EQ(authorities_from_json(authorities_to_json(authorities)), authorities);
}

TEST(KeyringJson, AnAuthorityThatIsNoneIsRefused) {
    const auto read = authorities_from_json(
        R"([{"name":"fleet","certificate":"","verificationCode":"C","verified":true}])");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, AllOf(HasSubstr("'fleet'"), HasSubstr("no certificate")));
    EXPECT_THAT(authorities_from_json(R"([{"name":"a","certificate":"","verificationCode":"C"}])")
                    .error()
                    .message,
                HasSubstr("verified is missing"));
}

}  // namespace
}  // namespace restante::server
