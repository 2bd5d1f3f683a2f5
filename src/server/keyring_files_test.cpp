#include "server/keyring_files.hpp"

#include <gmock/gmock.h>

#include "auth/authority_proof.hpp"
#include "auth/policy_rules.hpp"
#include "server/config.hpp"
#include "server/keyring_changes.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_certificates.hpp"
#include "support/test_hub.hpp"

namespace restante::server {
namespace {

using auth::Rights;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class KeyringFilesTest : public testing::Test {
  protected:
    KeyringFilesTest() { directory.write(policies); }

    const test::TemporaryFolder folder;
    const DataDirectory directory = DataDirectory::create(folder.path() / "data");
    const test::ManualClock clock;
    test::LogLines log;
    auth::SharedAccessPolicies policies{auth::make_policy("owner", Rights::registry_write),
                                        auth::make_policy("sender", Rights::service_connect)};
    std::vector<auth::Keyring> replaced;

    std::unique_ptr<KeyringFiles> files() {
        return std::make_unique<KeyringFiles>(
            directory, Logger(log, clock),
            [this](auth::Keyring keyring) { replaced.push_back(std::move(keyring)); });
    }
};

TEST_F(KeyringFilesTest, BeginsWithWhatTheFolderHas) {
    const auto keyring = files();
    EXPECT_EQ(keyring->keyring().policies, policies);
    keyring->look();
    EXPECT_THAT(replaced, IsEmpty());
}

TEST_F(KeyringFilesTest, WithoutValidPoliciesThereIsNoBeginning) {
    test::replace_file(directory.policies_path(), "[");
    EXPECT_THROW(files(), UsageError);
}

TEST_F(KeyringFilesTest, AChangedFileReplacesTheKeyringAndIsLoggedByNameOnly) {
    const auto keyring = files();
    const auto new_key = auth::make_key();
    policies[1].primary_key = new_key;
    policies.push_back(auth::make_policy("more", Rights::registry_read));
    directory.write(policies);
    keyring->look();
    ASSERT_EQ(replaced.size(), 1U);
    EXPECT_EQ(replaced[0].policies, policies);
    EXPECT_THAT(log.of("policy_changed"),
                ElementsAre(AllOf(HasSubstr("name=sender"), HasSubstr("primary key"))));
    EXPECT_THAT(log.of("policy_created"),
                ElementsAre(AllOf(HasSubstr("name=more"), HasSubstr("RegistryRead"))));
    EXPECT_THAT(log.text(), Not(HasSubstr(new_key)));
    keyring->look();
    EXPECT_EQ(replaced.size(), 1U) << "nothing has changed since";
}

TEST_F(KeyringFilesTest, ADamagedFileKeepsTheKeyringAndIsLoggedOnce) {
    const auto keyring = files();
    test::replace_file(directory.policies_path(), R"([{"keyName": "sender"}])");
    keyring->look();
    keyring->look();
    EXPECT_THAT(replaced, IsEmpty());
    EXPECT_EQ(keyring->keyring().policies, policies);
    EXPECT_THAT(log.of("keyring_refused"),
                ElementsAre(AllOf(HasSubstr("policies.json"), HasSubstr("primaryKey is missing"))));
    std::filesystem::remove(directory.policies_path());
    keyring->look();
    EXPECT_EQ(keyring->keyring().policies, policies);
    EXPECT_EQ(log.of("keyring_refused").size(), 2U);
}

TEST_F(KeyringFilesTest, AMendedFileCountsAgain) {
    const auto keyring = files();
    test::replace_file(directory.policies_path(), "[");
    keyring->look();
    policies.pop_back();
    directory.write(policies);
    keyring->look();
    EXPECT_EQ(keyring->keyring().policies, policies);
    EXPECT_THAT(log.of("policy_deleted"), ElementsAre(HasSubstr("name=sender")));
}

TEST_F(KeyringFilesTest, AuthoritiesCountAlthoughThePoliciesAreDamaged) {
    const auto keyring = files();
    test::replace_file(directory.policies_path(), "[");
    const std::vector<auth::TrustedAuthority> authorities{
        {.name = "fleet",
         .certificate_pem = test::authority_certificate().certificate_pem,
         .verification_code = "CODE",
         .verified = true}};
    directory.write(authorities);
    keyring->look();
    EXPECT_EQ(keyring->keyring().authorities, authorities);
    EXPECT_EQ(keyring->keyring().policies, policies);
    EXPECT_THAT(log.of("authority_added"), ElementsAre(HasSubstr("name=fleet")));
}

TEST_F(KeyringFilesTest, ReloadReadsFilesThatSeemUnchanged) {
    const auto keyring = files();
    policies.pop_back();
    directory.write(policies);
    keyring->reload();
    ASSERT_EQ(replaced.size(), 1U);
    EXPECT_EQ(replaced[0].policies, policies);
}

TEST(KeyringChanges, NameWhatBecameOfAnAuthority) {
    const auth::TrustedAuthority added{.name = "fleet", .verification_code = "CODE"};
    auto verified = added;
    verified.verified = true;
    const auth::Keyring none;
    const auth::Keyring waiting{.policies = {}, .authorities = {added}};
    const auth::Keyring trusted{.policies = {}, .authorities = {verified}};
    EXPECT_THAT(differences(none, waiting),
                ElementsAre(KeyringChange{"authority_added", "fleet", "not verified"}));
    EXPECT_THAT(differences(waiting, trusted),
                ElementsAre(KeyringChange{"authority_changed", "fleet", "verified"}));
    EXPECT_THAT(differences(trusted, none),
                ElementsAre(KeyringChange{"authority_removed", "fleet", ""}));
    EXPECT_THAT(differences(trusted, trusted), IsEmpty());
}

TEST(KeyringChanges, NameRightsAndKeysThatChanged) {
    auth::Keyring before{.policies = {auth::make_policy("a", Rights::registry_read)},
                         .authorities = {}};
    auto after = before;
    after.policies[0].rights = Rights::registry_write;
    after.policies[0].secondary_key = auth::make_key();
    EXPECT_THAT(differences(before, after),
                ElementsAre(KeyringChange{"policy_changed", "a", "secondary key, rights"}));
}

}  // namespace
}  // namespace restante::server
