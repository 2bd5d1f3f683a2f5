#include "auth/policy_rules.hpp"

#include <gmock/gmock.h>

#include "base/encoding.hpp"

namespace restante::auth {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string refusal(const SharedAccessPolicies& policies) {
    const auto checked = check_policies(policies);
    return checked ? "accepted" : checked.error().message;
}

SharedAccessPolicies policies(std::size_t count, Rights rights) {
    SharedAccessPolicies made;
    for (std::size_t i = 0; i < count; ++i) {
        made.push_back(make_policy("policy" + std::to_string(i), rights));
    }
    return made;
}

std::string key_of(std::size_t bytes) {
    return to_base64(Bytes(bytes, 7));
}

TEST(PolicyRules, APoliciesNameTravelsInTokensAndConnectionStringsAsItIs) {
    for (const char* name : {"a", "Sender-2.eu_west", "0"}) EXPECT_TRUE(check_keyring_name(name));
    EXPECT_TRUE(check_keyring_name(std::string(64, 'n')));
    for (const char* name : {"", "a b", "a;b", "a=b", "a@b", "a&b", "a/b", "a%20", "ü"}) {
        EXPECT_FALSE(check_keyring_name(name)) << name;
    }
    EXPECT_FALSE(check_keyring_name(std::string(65, 'n')));
}

TEST(PolicyRules, RightsReadInAnyOrderAndAreWrittenInOne) {
    const auto rights = parse_rights("ServiceConnect,RegistryRead");
    ASSERT_TRUE(rights);
    EXPECT_EQ(*rights, Rights::registry_read | Rights::service_connect);
    EXPECT_EQ(to_text(*rights), "RegistryRead, ServiceConnect");
    EXPECT_EQ(parse_rights("RegistryRead, RegistryWrite, ServiceConnect, DeviceConnect"),
              make_default_policies().front().rights);
}

TEST(PolicyRules, AWordThatIsNoRightIsNamed) {
    EXPECT_THAT(parse_rights("RegistryRead, ServiceConect").error().message,
                AllOf(HasSubstr("'ServiceConect'"), HasSubstr("did you mean ServiceConnect?")));
    EXPECT_THAT(parse_rights("all").error().message, HasSubstr("DeviceConnect"));
    EXPECT_FALSE(parse_rights(""));
    EXPECT_FALSE(parse_rights("RegistryRead,"));
    EXPECT_FALSE(parse_rights("registryread"));
}

TEST(PolicyRules, ANewHubsPoliciesAreValid) {
    EXPECT_EQ(refusal(make_default_policies()), "accepted");
}

TEST(PolicyRules, AHubHas16PoliciesAndTenWithServiceConnect) {
    EXPECT_EQ(refusal(policies(16, Rights::registry_read)), "accepted");
    EXPECT_THAT(refusal(policies(17, Rights::registry_read)), HasSubstr("at most 16"));
    EXPECT_EQ(refusal(policies(10, Rights::service_connect)), "accepted");
    EXPECT_THAT(refusal(policies(11, Rights::service_connect)),
                AllOf(HasSubstr("11 policies have ServiceConnect"), HasSubstr("at most 10")));
}

TEST(PolicyRules, ANameIsThereOnceAndCaseMakesAnother) {
    EXPECT_EQ(refusal({make_policy("a", Rights::device_connect),
                       make_policy("A", Rights::device_connect)}),
              "accepted");
    EXPECT_THAT(refusal({make_policy("a", Rights::device_connect),
                         make_policy("a", Rights::device_connect)}),
                AllOf(HasSubstr("'a'"), HasSubstr("twice")));
}

TEST(PolicyRules, AKeyIsBase64Of16To64Bytes) {
    for (const std::size_t bytes : {16UL, 64UL}) {
        auto policy = make_policy("a", Rights::device_connect);
        policy.primary_key = key_of(bytes);
        EXPECT_EQ(refusal({policy}), "accepted") << bytes;
    }
    for (const std::size_t bytes : {0UL, 15UL, 65UL}) {
        auto policy = make_policy("a", Rights::device_connect);
        policy.secondary_key = key_of(bytes);
        EXPECT_THAT(refusal({policy}), AllOf(HasSubstr("policy 'a'"), HasSubstr("secondaryKey"),
                                             HasSubstr("16 to 64")))
            << bytes;
    }
}

TEST(PolicyRules, ARefusalNamesTheKeyButDoesNotRepeatIt) {
    auto policy = make_policy("a", Rights::device_connect);
    policy.primary_key = "c2VjcmV0IHNlY3JldA";
    EXPECT_THAT(refusal({policy}),
                AllOf(HasSubstr("primaryKey is not base64"), Not(HasSubstr("c2Vjc"))));
}

TEST(PolicyRules, APolicyWithoutARightIsRefused) {
    EXPECT_THAT(refusal({make_policy("idle", Rights::none)}),
                AllOf(HasSubstr("'idle'"), HasSubstr("no right")));
}

TEST(PolicyRules, EachKeyIsNewAndHas32Bytes) {
    const auto policy = make_policy("a", Rights::device_connect);
    EXPECT_NE(policy.primary_key, policy.secondary_key);
    EXPECT_EQ(from_base64(policy.primary_key).value().size(), 32U);
}

TEST(PolicyRules, APolicyWithANameThatIsNoneIsRefused) {
    EXPECT_THAT(refusal({make_policy("a b", Rights::device_connect)}), HasSubstr("policy 'a b'"));
}

}  // namespace
}  // namespace restante::auth
