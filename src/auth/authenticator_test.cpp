#include "auth/authenticator.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/timestamp.hpp"

namespace restante::auth {
namespace {

const WallTime now = from_unix_milliseconds(1'795'000'000'000);
const WallTime soon = now + std::chrono::hours{1};

class AuthenticatorTest : public testing::Test {
  protected:
    AuthenticatorTest() {
        device.authentication.symmetric_key = {
            .primary = to_base64(to_bytes("0123456789abcdef")),
            .secondary = to_base64(to_bytes("fedcba9876543210"))};
    }

    static SharedAccessSignature token(std::string_view resource, const std::string& key,
                                       std::string_view policy = {}, WallTime expiry = soon) {
        return *SharedAccessSignature::parse(
            SharedAccessSignature::create(resource, *from_base64(key), expiry, policy));
    }
    const std::string& key_of(std::string_view policy) {
        return find(policies, policy)->primary_key;
    }
    Result<WallTime> check(const SharedAccessSignature& t) {
        return check_token(t, subject_of(device), policies, now);
    }

    SharedAccessPolicies policies = make_default_policies();
    model::DeviceIdentity device{.id = *model::DeviceId::parse("d")};
};

TEST_F(AuthenticatorTest, ADeviceConnectsWithEitherOfItsKeys) {
    EXPECT_EQ(*check(token("hub/devices/d", device.authentication.symmetric_key.primary)), soon);
    EXPECT_TRUE(check(token("hub/devices/d", device.authentication.symmetric_key.secondary)));
}

TEST_F(AuthenticatorTest, ADeviceConnectsWithAPolicyThatMayConnectDevices) {
    EXPECT_TRUE(check(token("hub", key_of("device"), "device")));
    EXPECT_TRUE(check(token("hub/devices/d", key_of("iothubowner"), "iothubowner")));
    const auto refused = check(token("hub", key_of("service"), "service"));
    EXPECT_NE(refused.error().message.find("DeviceConnect"), std::string::npos);
}

TEST_F(AuthenticatorTest, NothingElseConnectsADevice) {
    const auto& key = device.authentication.symmetric_key.primary;
    EXPECT_FALSE(check(token("hub/devices/e", key)));
    EXPECT_FALSE(check(token("hub/devices/dd", key)));
    EXPECT_FALSE(check(token("hub/devices/d/modules/m", key)));
    EXPECT_FALSE(check(token("hub/devices/d", key_of("device"))));
    EXPECT_FALSE(check(token("hub", key, "device")));
    EXPECT_FALSE(check(token("hub", key, "nobody")));
    EXPECT_FALSE(check(token("hub/devices/e", key_of("device"), "device")));
}

TEST_F(AuthenticatorTest, AKeyThatADeviceOnceHadIsNothingOnceItHasACertificate) {
    device.authentication.type = model::AuthenticationType::self_signed;
    const auto refused = check(token("hub/devices/d", device.authentication.symmetric_key.primary));
    EXPECT_EQ(refused.error().message, "the device authenticates by certificate, not by key");
}

TEST_F(AuthenticatorTest, AnExpiredTokenSaysByHowMuch) {
    const auto refused = check(token("hub/devices/d", device.authentication.symmetric_key.primary,
                                     {}, now - std::chrono::seconds{37}));
    EXPECT_NE(refused.error().message.find("37"), std::string::npos);
}

TEST_F(AuthenticatorTest, ADisabledDeviceIsToldApartFromAWrongKey) {
    device.status = model::DeviceStatus::disabled;
    EXPECT_EQ(
        check(token("hub/devices/d", device.authentication.symmetric_key.primary)).error().code,
        ErrorCode::device_disabled);
    EXPECT_EQ(check(token("hub/devices/d", key_of("device"))).error().code,
              ErrorCode::unauthorized);
}

TEST_F(AuthenticatorTest, AModuleConnectsWithItsOwnKeysOrAPolicyAndNotWithItsDevices) {
    model::ModuleDescription module{.device = device.id,
                                    .identity = {.id = *model::ModuleId::parse("m")}};
    module.identity.authentication.symmetric_key = {
        .primary = to_base64(to_bytes("modules-primary!")),
        .secondary = to_base64(to_bytes("modules-secondary"))};
    const auto& [primary, secondary] = module.identity.authentication.symmetric_key;
    const auto check_module = [&](const SharedAccessSignature& t) {
        return check_token(t, subject_of(module), policies, now);
    };
    EXPECT_EQ(*check_module(token("hub/devices/d/modules/m", primary)), soon);
    EXPECT_TRUE(check_module(token("hub/devices/d/modules/m", secondary)));
    EXPECT_TRUE(check_module(token("hub", key_of("device"), "device")));
    EXPECT_TRUE(check_module(token("hub/devices/d", key_of("device"), "device")));
    EXPECT_FALSE(check_module(token("hub", key_of("service"), "service")));
    EXPECT_FALSE(check_module(token("hub/devices/d/modules/n", primary)));
    EXPECT_FALSE(check_module(token("hub/devices/d/modules/mm", primary)));
    const auto& of_device = device.authentication.symmetric_key.primary;
    EXPECT_FALSE(check_module(token("hub/devices/d", of_device)));
    EXPECT_FALSE(check_module(token("hub/devices/d/modules/m", of_device)));
    EXPECT_FALSE(check(token("hub/devices/d/modules/m", primary)));
    EXPECT_FALSE(check(token("hub/devices/d", primary)));
    module.device_status = model::DeviceStatus::disabled;
    EXPECT_EQ(check_module(token("hub/devices/d/modules/m", primary)).error().code,
              ErrorCode::device_disabled);
    module.device_status = model::DeviceStatus::enabled;
    module.identity.authentication = {.type = model::AuthenticationType::none};
    EXPECT_NE(
        check_module(token("hub/devices/d/modules/m", primary)).error().message.find("no key yet"),
        std::string::npos);
}

TEST_F(AuthenticatorTest, AServiceHasTheRightsOfItsPolicy) {
    const auto principal =
        check_service_token(token("hub", key_of("registryRead"), "registryRead"), policies, now);
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->policy, "registryRead");
    EXPECT_TRUE(includes(principal->rights, Rights::registry_read));
    EXPECT_FALSE(includes(principal->rights, Rights::registry_write));
    EXPECT_FALSE(
        check_service_token(token("hub/devices", key_of("service"), "service"), policies, now))
        << "an audience below the hub does not speak for all of it";
    EXPECT_FALSE(check_service_token(
        token("hub/devices/d", device.authentication.symmetric_key.primary), policies, now));
}

}  // namespace
}  // namespace restante::auth
