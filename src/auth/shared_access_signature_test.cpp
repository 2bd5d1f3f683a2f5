#include "auth/shared_access_signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/timestamp.hpp"

namespace restante::auth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Bytes key = to_bytes("0123456789abcdef0123456789abcdef");
const Bytes other_key = to_bytes("0123456789abcdef0123456789abcdeX");
constexpr WallTime expiry{std::chrono::seconds{1795428407}};

// What the Python device client was seen sending.
constexpr std::string_view captured =
    "SharedAccessSignature sr=localhost%2Fdevices%2FDevice-1"
    "&sig=bmFUtDAnh765vY6aKUBj3pm4WttRsXzp%2F870Crjb7n8%3D&se=1795428407";

SharedAccessSignature parsed(std::string_view text) {
    auto token = SharedAccessSignature::parse(text);
    if (!token) throw std::runtime_error(token.error().message);
    return std::move(*token);
}

std::string refusal(std::string_view text) {
    const auto token = SharedAccessSignature::parse(text);
    return token ? "accepted" : token.error().message;
}

bool covers(const SharedAccessSignature& token, std::vector<std::string> resource) {
    return token.covers(resource);
}

TEST(SharedAccessSignature, VerifiesTheTokenCapturedFromThePythonDeviceClient) {
    const auto token = parsed(captured);
    EXPECT_TRUE(token.signature_matches(key));
    EXPECT_FALSE(token.signature_matches(other_key));
    EXPECT_EQ(token.host(), "localhost");
    EXPECT_THAT(token.path(), ElementsAre("devices", "Device-1"));
    EXPECT_EQ(token.expiry(), expiry);
    EXPECT_EQ(token.policy(), std::nullopt);
    EXPECT_TRUE(token.covers_identity("Device-1"));
}

TEST(SharedAccessSignature, IsCreatedAsPythonSpellsIt) {
    EXPECT_EQ(SharedAccessSignature::create("localhost/devices/Device-1", key, expiry), captured);
    EXPECT_EQ(SharedAccessSignature::create("localhost", key, expiry, "a policy"),
              "SharedAccessSignature sr=localhost"
              "&sig=H3vOb%2FsK3AMZXQzF3by8h%2FrK2b5Po3WaVQm1AQ4bIAk%3D&se=1795428407"
              "&skn=a%20policy");
}

struct Spelling {
    const char* client;
    const char* token;
    const char* host;
    std::vector<std::string> path;
    std::optional<std::string> policy;
    const char* device;
    const char* module;
};

TEST(SharedAccessSignature, VerifiesEverySpellingOfTheSdks) {
    const Spelling spellings[] = {
        {"Python service, HTTP: a bare slash in sig",
         "SharedAccessSignature sr=localhost&sig=H3vOb/sK3AMZXQzF3by8h/rK2b5Po3WaVQm1AQ4bIAk%3D"
         "&se=1795428407&skn=iothubowner",
         "localhost",
         {},
         "iothubowner",
         "any",
         ""},
        {"Node: skn before se",
         "SharedAccessSignature sr=hub.localhost%2Fdevices%2Fd%211"
         "&sig=1vL5xNjSHx8ulsnW0Vkuz%2F62cnjQIST4URv0btthyL8%3D&skn=device&se=1795428407",
         "hub.localhost",
         {"devices", "d!1"},
         "device",
         "d!1",
         ""},
        {"C#: the id escaped twice, the host as configured",
         "SharedAccessSignature sr=Hub.Localhost%2Fdevices%2Fdev%253A1"
         "&sig=R8xpLhyWIrrOIYbqTKoxM8hvJWH%2B1d7Cq3gSB6cbZvA%3D&se=1795428407",
         "hub.localhost",
         {"devices", "dev%3A1"},
         {},
         "dev:1",
         ""},
        {"Java: slashes bare, segments escaped, sig and se first",
         "SharedAccessSignature sig=Q%2F3rHUd5GhG4f1%2BYFpsEQyWu7czwz%2FdA803KXvpZ%2BQA%3D"
         "&se=1795428407&sr=hub.localhost/devices/dev%3A1/modules/m%2B1",
         "hub.localhost",
         {"devices", "dev:1", "modules", "m+1"},
         {},
         "dev:1",
         "m+1"},
        {"C: all raw, lower-case escapes, an empty skn",
         "SharedAccessSignature sr=hub.localhost/devices/dev:1"
         "&sig=Ef%2bsU%2f1XTfa9wN2BqrEkm6%2bwb3XoRnXdNYDw0rNBa5M%3d&se=1795428407&skn=",
         "hub.localhost",
         {"devices", "dev:1"},
         {},
         "dev:1",
         ""},
        {"a tool: lower-case URL, upper-case word, literal plus in sig",
         "SHAREDACCESSSIGNATURE sr=hub.localhost%2fdevices%2fdev-1"
         "&sig=5MgeRJ0eR+3YOAVPq5/x1vuYP8nMgMHeTg0ooELOVxM=&se=1795428407",
         "hub.localhost",
         {"devices", "dev-1"},
         {},
         "Dev-1",
         ""},
        {"Node with a port in HostName",
         "SharedAccessSignature sr=localhost%3A8883%2Fdevices%2Fd1"
         "&sig=%2BSbPpHFyvx%2BJBiiqmGNju%2Ftz634nw7i4HQeNgldrOUk%3D&se=1795428407",
         "localhost",
         {"devices", "d1"},
         {},
         "d1",
         ""},
        {"VS Code: the API version in the resource",
         "SharedAccessSignature sr=hub.localhost%2Fdevices%2Fd1%2Fapi-version%3D2016-11-14"
         "&sig=OmUTpGEhM9oy113WOMIPOuIxiZk1sfr66C2jFFRMJcw%3D&se=1795428407",
         "hub.localhost",
         {"devices", "d1", "api-version=2016-11-14"},
         {},
         "d1",
         ""},
    };
    for (const Spelling& spelling : spellings) {
        SCOPED_TRACE(spelling.client);
        const auto token = parsed(spelling.token);
        EXPECT_TRUE(token.signature_matches(key));
        EXPECT_FALSE(token.signature_matches(other_key));
        EXPECT_EQ(token.host(), spelling.host);
        EXPECT_EQ(token.path(), spelling.path);
        EXPECT_EQ(token.policy(), spelling.policy);
        EXPECT_TRUE(token.covers_identity(spelling.device, spelling.module));
        EXPECT_TRUE(token.check_expiry(expiry));
    }
}

TEST(SharedAccessSignature, StripsTheSchemeOfAnEventHubsResource) {
    const auto token = parsed(
        "SharedAccessSignature sr=sb%3A%2F%2Fhub.localhost%2Fmessages%2Fevents"
        "&sig=C4mj9mwFqcX4NmH6G4v1%2BXa4SCz0hhJgrxyTrhz9k48%3D&se=1795428407&skn=service");
    EXPECT_TRUE(token.signature_matches(key));
    EXPECT_EQ(token.host(), "hub.localhost");
    EXPECT_THAT(token.path(), ElementsAre("messages", "events"));
}

TEST(SharedAccessSignature, ReadsAnIpv6HostWithoutItsBracketsAndPort) {
    const auto token =
        parsed(SharedAccessSignature::create("[FE80::1]:8883/devices/d1", key, expiry));
    EXPECT_EQ(token.host(), "fe80::1");
}

TEST(SharedAccessSignature, CannotBeChangedInAnyPartThatIsSigned) {
    for (const char* text : {
             "SharedAccessSignature sr=localhost%2Fdevices%2FDevice-2"
             "&sig=bmFUtDAnh765vY6aKUBj3pm4WttRsXzp%2F870Crjb7n8%3D&se=1795428407",
             "SharedAccessSignature sr=localhost%2Fdevices%2FDevice-1"
             "&sig=bmFUtDAnh765vY6aKUBj3pm4WttRsXzp%2F870Crjb7n8%3D&se=1795428408",
             "SharedAccessSignature sr=localhost%2Fdevices%2FDevice-1"
             "&sig=amFUtDAnh765vY6aKUBj3pm4WttRsXzp%2F870Crjb7n8%3D&se=1795428407",
             // the same resource, spelled in another way, is not what was signed
             "SharedAccessSignature sr=localhost/devices/Device-1"
             "&sig=bmFUtDAnh765vY6aKUBj3pm4WttRsXzp%2F870Crjb7n8%3D&se=1795428407",
         }) {
        EXPECT_FALSE(parsed(text).signature_matches(key)) << text;
    }
}

TEST(SharedAccessSignature, IsNeverMatchedByAnEmptyKey) {
    const auto token = parsed(SharedAccessSignature::create("localhost/devices/d1", {}, expiry));
    EXPECT_FALSE(token.signature_matches({}));
}

TEST(SharedAccessSignature, CoversByWholeSegments) {
    const auto device = parsed(SharedAccessSignature::create("h/devices/a", key, expiry));
    EXPECT_TRUE(covers(device, {"devices", "a"}));
    EXPECT_TRUE(covers(device, {"devices", "a", "messages", "events"}));
    EXPECT_TRUE(covers(device, {"Devices", "A"}));
    EXPECT_FALSE(covers(device, {"devices", "ab"}));
    EXPECT_FALSE(covers(device, {"devices"}));
    EXPECT_FALSE(covers(device, {}));
    EXPECT_FALSE(covers(device, {"twins", "a"}));

    const auto hub = parsed(SharedAccessSignature::create("h", key, expiry));
    EXPECT_THAT(hub.path(), IsEmpty());
    EXPECT_TRUE(covers(hub, {}));
    EXPECT_TRUE(covers(hub, {"devices", "a"}));
    EXPECT_THAT(parsed(SharedAccessSignature::create("h/", key, expiry)).path(), IsEmpty());
    EXPECT_THAT(parsed(SharedAccessSignature::create("h/devices/", key, expiry)).path(),
                ElementsAre("devices"));
}

TEST(SharedAccessSignature, OfAModuleDoesNotSpeakForItsDeviceNorForAnother) {
    const auto module = parsed(SharedAccessSignature::create("h/devices/d/modules/m", key, expiry));
    EXPECT_TRUE(module.covers_identity("d", "m"));
    EXPECT_FALSE(module.covers_identity("d"));
    EXPECT_FALSE(module.covers_identity("d", "n"));
    EXPECT_FALSE(module.covers_identity("e", "m"));

    const auto device = parsed(SharedAccessSignature::create("h/devices/d", key, expiry));
    EXPECT_TRUE(device.covers_identity("d", "m"));
    EXPECT_FALSE(device.covers_identity("e"));

    const auto events =
        parsed(SharedAccessSignature::create("h/devices/d/messages/events", key, expiry));
    EXPECT_TRUE(events.covers_identity("d"));
    EXPECT_FALSE(events.covers_identity("d", "m"));
}

TEST(SharedAccessSignature, SaysByHowMuchItHasExpired) {
    const auto token = parsed(captured);
    EXPECT_TRUE(token.check_expiry(expiry + std::chrono::milliseconds{999}));
    const auto late = token.check_expiry(expiry + std::chrono::seconds{37});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::unauthorized);
    EXPECT_EQ(late.error().message, "token expired 37 s ago (se=1795428407, hub clock 1795428444)");
}

TEST(SharedAccessSignature, ReadsAnExpiryBeyondAllCalendarsAsTheYear9999) {
    const auto token = parsed(
        "SharedAccessSignature sr=h&se=999999999999999999"
        "&sig=H3vOb%2FsK3AMZXQzF3by8h%2FrK2b5Po3WaVQm1AQ4bIAk%3D");
    EXPECT_EQ(to_iso8601(token.expiry()), "9999-12-31T23:59:59.0000000Z");
}

TEST(SharedAccessSignature, NamesWhatIsWrongWithATokenAndNeverQuotesIt) {
    const std::string sig = "sig=H3vOb%2FsK3AMZXQzF3by8h%2FrK2b5Po3WaVQm1AQ4bIAk%3D";
    const std::string word = "SharedAccessSignature ";
    const std::pair<std::string, const char*> cases[] = {
        {"", "does not begin with the word"},
        {"Bearer abc", "does not begin with the word"},
        {"SharedAccessSignature", "must follow"},
        {"SharedAccessSignature   ", "must follow"},
        {"SharedAccessSignaturesr=h&" + sig + "&se=1", "must follow"},
        {word + sig + "&se=1", "field sr is missing"},
        {word + "sr=h&se=1", "field sig is missing"},
        {word + "sr=h&" + sig, "field se is missing"},
        {word + "sr=h&sr=h&" + sig + "&se=1", "two fields sr"},
        {word + "sr=h&" + sig + "&se=1&se=2", "two fields se"},
        {word + "sr=h&" + sig + "&se=1&skn=&skn=a", "two fields skn"},
        {word + "sr&" + sig + "&se=1", "field sr has no value"},
        {word + "sr=&" + sig + "&se=1", "names no host"},
        {word + "sr=%2Fdevices&" + sig + "&se=1", "names no host"},
        {word + "sr=h&sig=&se=1", "base64 of 32 bytes"},
        {word + "sr=h&sig=H3vOb&se=1", "base64 of 32 bytes"},
        {word + "sr=h&sig=H3vOb%252FsK3AMZXQzF3by8h&se=1", "base64 of 32 bytes"},
        {word + "sr=h&" + sig + "&se=", "field se"},
        {word + "sr=h&" + sig + "&se=-5", "field se"},
        {word + "sr=h&" + sig + "&se=1795428407.5", "field se"},
        {word + "sr=h&" + sig + "&se=9999999999999999999", "field se"},
        {word + "sr=h\n1&" + sig + "&se=1", "unprintable"},
        {word + "sr=h&" + sig + "&se=1 ", "holds a space"},
        {word + std::string(4096, 'a'), "longer than any token"},
    };
    for (const auto& [text, reason] : cases) {
        EXPECT_THAT(refusal(text), HasSubstr(reason)) << text;
        EXPECT_THAT(refusal(text), Not(HasSubstr("H3vOb"))) << text;
    }
}

TEST(SharedAccessSignature, IgnoresFieldsItDoesNotKnow) {
    EXPECT_TRUE(parsed(std::string(captured) + "&x=1&y&").signature_matches(key));
}

}  // namespace
}  // namespace restante::auth
