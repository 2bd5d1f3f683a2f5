#include "core/registry/identity_rules.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace restante::core {
namespace {

using model::AuthenticationType;

std::string key_of(std::size_t bytes) {
    return to_base64(Bytes(bytes, 7));
}

model::DeviceDefinition device() {
    return {.id = *model::DeviceId::parse("d")};
}

std::string refusal(model::DeviceDefinition definition) {
    const auto completed = complete_definition(std::move(definition), {"fresh-1", "fresh-2"});
    if (completed) return "accepted";
    EXPECT_EQ(completed.error().code, ErrorCode::argument_invalid);
    return completed.error().message;
}

std::string refusal_of_keys(std::string primary, std::string secondary) {
    auto definition = device();
    definition.authentication.symmetric_key = {std::move(primary), std::move(secondary)};
    return refusal(std::move(definition));
}

TEST(IdentityRules, AcceptBothKeysOrNoneAndKeepThemByteForByte) {
    constexpr std::string_view length =
        "Invalid device key length: a key is the base64 text of 16 to 64 bytes";
    EXPECT_EQ(refusal_of_keys(key_of(16), key_of(64)), "accepted");
    EXPECT_EQ(refusal_of_keys(key_of(16), ""), "Either no keys or both keys can be set");
    EXPECT_EQ(refusal_of_keys("", key_of(16)), "Either no keys or both keys can be set");
    EXPECT_EQ(refusal_of_keys(key_of(15), key_of(16)), length);
    EXPECT_EQ(refusal_of_keys(key_of(16), key_of(65)), length);
    EXPECT_EQ(refusal_of_keys(key_of(16), "no base64!"), length);
    auto definition = device();
    definition.authentication.symmetric_key = {key_of(20), key_of(30)};
    const auto kept = complete_definition(definition, {"fresh-1", "fresh-2"});
    EXPECT_EQ(kept->authentication, definition.authentication);
    const auto made = complete_definition(device(), {"fresh-1", "fresh-2"});
    EXPECT_EQ(made->authentication.symmetric_key, (model::SymmetricKey{"fresh-1", "fresh-2"}));
}

TEST(IdentityRules, DropCredentialsOfAnotherTypeThanTheChosenOne) {
    auto definition = device();
    definition.authentication = {.type = AuthenticationType::certificate_authority,
                                 .symmetric_key = {"x", ""},
                                 .x509_thumbprint = {.primary = "y"}};
    const auto completed = complete_definition(definition, {"fresh-1", "fresh-2"});
    ASSERT_TRUE(completed);
    EXPECT_EQ(completed->authentication,
              model::AuthenticationMechanism{.type = AuthenticationType::certificate_authority});
}

TEST(IdentityRules, ReadThumbprintsAsHexWithoutSeparators) {
    const auto with = [](std::string secondary, std::optional<std::string> primary = {}) {
        auto definition = device();
        definition.authentication = {
            .type = AuthenticationType::self_signed,
            .x509_thumbprint = {.primary = std::move(primary), .secondary = std::move(secondary)}};
        return refusal(std::move(definition));
    };
    EXPECT_EQ(with(std::string(40, 'a')), "accepted");
    EXPECT_EQ(with(std::string(64, 'F')), "accepted");
    for (const std::string& text : {std::string(39, 'a'), std::string(41, 'a'),
                                    "AA:" + std::string(37, 'a'), std::string(40, 'g')}) {
        EXPECT_TRUE(with(text).starts_with("StringIsNotThumbprint")) << text;
        EXPECT_TRUE(with(std::string(40, 'a'), text).starts_with("StringIsNotThumbprint")) << text;
    }
}

TEST(IdentityRules, CountTheCharactersOfTheStatusReasonAndNotItsBytes) {
    auto definition = device();
    definition.status_reason.emplace();
    for (int i = 0; i < 128; ++i) *definition.status_reason += "\xC3\xBC";
    EXPECT_EQ(refusal(definition), "accepted");
    *definition.status_reason += "x";
    EXPECT_EQ(refusal(definition), "statusReason has at most 128 characters");
}

TEST(IdentityRules, LetNoDeviceBeWithoutAType) {
    auto definition = device();
    definition.authentication.type = AuthenticationType::none;
    EXPECT_TRUE(refusal(definition).starts_with("DeviceAuthenticationTypeIsMissing"));
}

}  // namespace
}  // namespace restante::core
