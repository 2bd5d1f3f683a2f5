#include "server/data_directory.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "auth/policy_rules.hpp"
#include "server/config.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_certificates.hpp"

namespace restante::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23}};

class DataDirectoryTest : public testing::Test {
  protected:
    const test::TemporaryFolder folder;
    const DataDirectory directory = DataDirectory::create(folder.path() / "data");
};

TEST_F(DataDirectoryTest, ANewHubGetsPoliciesOnce) {
    directory.prepare_policies();
    const auto made = directory.policies();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->size(), 5U);
    directory.prepare_policies();
    EXPECT_EQ(directory.policies(), made);
}

TEST_F(DataDirectoryTest, NobodyButTheOwnerReadsWhatItWrites) {
    directory.prepare_policies();
    directory.prepare_certificate_authority(now);
    directory.write(std::vector<auth::TrustedAuthority>{});
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "data")) {
        struct stat about{};
        ASSERT_EQ(::stat(entry.path().c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & (S_IRWXG | S_IRWXO), 0U) << entry.path();
        ++files;
    }
    EXPECT_EQ(files, 5U) << "policies, authorities, CA, its key, the lock; nothing left over";
}

TEST_F(DataDirectoryTest, ADamagedFileIsNamedWithItsFault) {
    test::replace_file(directory.policies_path(), "[{}]");
    EXPECT_THAT(
        directory.policies().error().message,
        AllOf(HasSubstr("policies.json is damaged"), HasSubstr("entry 1"), HasSubstr("keyName")));
    test::replace_file(directory.authorities_path(), "{}");
    EXPECT_THAT(directory.authorities().error().message, HasSubstr("authorities.json is damaged"));
}

TEST_F(DataDirectoryTest, WithoutAFileThereAreNoAuthoritiesButPoliciesAreMissed) {
    EXPECT_EQ(directory.authorities(), std::vector<auth::TrustedAuthority>{});
    EXPECT_THAT(directory.policies().error().message, HasSubstr("policies.json"));
}

TEST_F(DataDirectoryTest, HalfAnAuthorityIsNotQuietlyReplaced) {
    directory.prepare_certificate_authority(now);
    std::filesystem::remove(directory.ca_key_path());
    try {
        directory.prepare_certificate_authority(now);
        FAIL() << "a new authority";
    } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("ca.pem without ca.key.pem"));
    }
}

TEST_F(DataDirectoryTest, AFirstStartThatWasCutShortIsTakenUpAgain) {
    directory.prepare_certificate_authority(now);
    std::filesystem::remove(directory.ca_path());
    directory.prepare_certificate_authority(now);
    EXPECT_TRUE(directory.certificate_authority());
}

TEST_F(DataDirectoryTest, OnceAHubWasReadyALostCertificateIsMissed) {
    directory.prepare_certificate_authority(now);
    directory.write_ports({});
    std::filesystem::remove(directory.ca_path());
    EXPECT_THROW(directory.prepare_certificate_authority(now), UsageError);
}

TEST_F(DataDirectoryTest, ChangesAtTheSameTimeAreAllKept) {
    constexpr int writers = 4;
    constexpr int changes = 3;
    directory.write(auth::SharedAccessPolicies{});
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([this, writer] {
            for (int change = 0; change < changes; ++change) {
                const auto lock = directory.lock_keyring();
                auto policies = directory.policies().value();
                policies.push_back(auth::make_policy(fmt::format("p{}-{}", writer, change),
                                                     auth::Rights::registry_read));
                directory.write(policies);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(directory.policies().value().size(), writers * changes);
}

TEST_F(DataDirectoryTest, PortsNameTheOwnersCertificateOnlyWhenThereIsOne) {
    directory.write_ports({.hostname = "hub", .mqtt = 1, .amqp = 2, .https = 3});
    EXPECT_EQ(directory.ports().certificate, "");
    directory.write_ports(
        {.hostname = "hub", .mqtt = 1, .amqp = 2, .https = 3, .certificate = "/etc/hub.pem"});
    EXPECT_EQ(directory.ports().certificate, "/etc/hub.pem");
    EXPECT_EQ(directory.ports().https, 3);
}

}  // namespace
}  // namespace restante::server
