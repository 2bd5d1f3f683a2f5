#include "wire/connection_string.hpp"

#include <gmock/gmock.h>

namespace restante::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

std::string error_of(std::string_view text) {
    const auto read = ConnectionString::parse(text);
    return read ? "no error" : read.error().message;
}

TEST(ConnectionString, OfAServiceIsReadAndWrittenBack) {
    const std::string text =
        std::string("HostName=hub.example;SharedAccessKeyName=iothubowner;SharedAccessKey=") + key;
    const auto read = ConnectionString::parse(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->host_name, "hub.example");
    EXPECT_EQ(read->shared_access_key_name, "iothubowner");
    EXPECT_EQ(read->shared_access_key, key) << "a value may end in '='";
    EXPECT_EQ(read->to_string(), text);
    EXPECT_TRUE(read->check_service());
    EXPECT_THAT(read->check_device().error().message,
                StartsWith("Invalid Connection String - Incomplete: DeviceId is missing"));
}

TEST(ConnectionString, OfADeviceIsReadAndWrittenBack) {
    const std::string text = std::string("HostName=localhost:8883;DeviceId=d=1;ModuleId=m;") +
                             "SharedAccessKey=" + key + ";GatewayHostName=edge";
    const auto read = ConnectionString::parse(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->device_id, "d=1");
    EXPECT_EQ(read->module_id, "m");
    EXPECT_EQ(read->gateway_host_name, "edge");
    EXPECT_EQ(read->to_string(), text);
    EXPECT_TRUE(read->check_device());
    EXPECT_THAT(read->check_service().error().message,
                StartsWith("Invalid Connection String - Incomplete: SharedAccessKeyName"));
}

TEST(ConnectionString, MayHoldASignatureOrACertificateInPlaceOfAKey) {
    const auto sas = ConnectionString::parse(
        "HostName=h;SharedAccessKeyName=p;SharedAccessSignature=SharedAccessSignature "
        "sr=h&sig=x%3D&se=1&skn=p");
    ASSERT_TRUE(sas);
    EXPECT_EQ(sas->shared_access_signature, "SharedAccessSignature sr=h&sig=x%3D&se=1&skn=p");
    EXPECT_TRUE(sas->check_service());

    const auto x509 = ConnectionString::parse("HostName=h;DeviceId=d;x509=true");
    ASSERT_TRUE(x509);
    EXPECT_TRUE(x509->x509);
    EXPECT_TRUE(x509->check_device());
    EXPECT_EQ(x509->to_string(), "HostName=h;DeviceId=d;x509=true");
    EXPECT_FALSE(ConnectionString::parse("HostName=h;DeviceId=d;x509=false")->check_device());
}

TEST(ConnectionString, IsRefusedWithPythonsTextAndAReason) {
    const std::string base = "HostName=h;DeviceId=d";
    EXPECT_THAT(error_of(""), StartsWith("Invalid Connection String - Unable to parse"));
    EXPECT_THAT(error_of(base + ";"), StartsWith("Invalid Connection String - Unable to parse"));
    EXPECT_THAT(error_of("HostName"), StartsWith("Invalid Connection String - Unable to parse"));
    EXPECT_THAT(error_of(base + ";DeviceId=e"),
                StartsWith("Invalid Connection String - Unable to parse: DeviceId is given twice"));
    EXPECT_THAT(error_of(base + ";HostName=h"), HasSubstr("HostName is given twice"));
    EXPECT_THAT(error_of(base + ";x509=maybe"), HasSubstr("x509"));
    EXPECT_THAT(error_of("hostname=h"),
                StartsWith("Invalid Connection String - Invalid Key: 'hostname' is not known, did "
                           "you mean HostName?"));
    EXPECT_THAT(error_of(base + ";x509=true;SharedAccessKey=" + key),
                StartsWith("Invalid Connection String - Mixed authentication scheme"));
    EXPECT_THAT(error_of(std::string(connection_string_bytes_max + 1, 'x')),
                HasSubstr("more than"));
}

TEST(ConnectionString, NamesWhatIsMissing) {
    const auto message = [](const char* text) {
        return ConnectionString::parse(text)->check_device().error().message;
    };
    EXPECT_EQ(message("DeviceId=d"), "Invalid Connection String - Incomplete: HostName is missing");
    EXPECT_EQ(message("HostName=;DeviceId=d"),
              "Invalid Connection String - Incomplete: HostName is missing");
    EXPECT_EQ(message("HostName=h"), "Invalid Connection String - Incomplete: DeviceId is missing");
    EXPECT_EQ(message("HostName=h;DeviceId=d"),
              "Invalid Connection String - Incomplete: SharedAccessKey is missing");
}

TEST(ConnectionString, NeverShowsASecretInAnError) {
    EXPECT_THAT(error_of("HostName=h;SharedAccessKey=top secret!"), Not(HasSubstr("secret!")));
    EXPECT_THAT(error_of("HostName=h;DeviceId=d;MDEyMzQ1Njc4OWFiY2Rl="), Not(HasSubstr("MDEy")));
}

TEST(HostName, MayCarryAPort) {
    EXPECT_EQ(*split_host("hub.example", 8883), (HostPort{"hub.example", 8883}));
    EXPECT_EQ(*split_host("localhost:18883", 8883), (HostPort{"localhost", 18883}));
    EXPECT_EQ(*split_host("[::1]", 443), (HostPort{"::1", 443}));
    EXPECT_EQ(*split_host("[::1]:8443", 443), (HostPort{"::1", 8443}));
    EXPECT_EQ(*split_host("::1", 443), (HostPort{"::1", 443}));
    for (const char* name : {"", ":1", "h:", "h:0", "h:65536", "h:1x", "[::1", "[]", "[::1]8"}) {
        EXPECT_FALSE(split_host(name, 1)) << name;
    }
}

TEST(ConnectionString, SaysWhatAServicesLacks) {
    const auto message = [](std::string_view text) {
        return ConnectionString::parse(text)->check_service().error().message;
    };
    EXPECT_THAT(message("SharedAccessKeyName=n"), HasSubstr("HostName is missing"));
    EXPECT_THAT(message("HostName=h"), HasSubstr("SharedAccessKeyName is missing"));
    EXPECT_THAT(message("HostName=h;SharedAccessKeyName=n"), HasSubstr("SharedAccessKey is"));
}

}  // namespace
}  // namespace restante::wire
