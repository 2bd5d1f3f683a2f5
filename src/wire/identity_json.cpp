#include "wire/identity_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

using model::AuthenticationType;
namespace json = boost::json;

struct TypeWord {
    AuthenticationType type;
    std::string_view word;
};
constexpr std::array type_words{
    TypeWord{AuthenticationType::sas, "sas"},
    TypeWord{AuthenticationType::self_signed, "selfSigned"},
    TypeWord{AuthenticationType::certificate_authority, "certificateAuthority"},
    TypeWord{AuthenticationType::none, "none"},
};

/// No type and a thumbprint means a device with its own certificate: requests from before there
/// was a type look like that.
AuthenticationType read_type(Members& authentication, const model::X509Thumbprint& thumbprint) {
    const auto word = authentication.filled_text("type");
    if (!word) {
        return thumbprint.primary || thumbprint.secondary ? AuthenticationType::self_signed
                                                          : AuthenticationType::sas;
    }
    for (const TypeWord& known : type_words) {
        if (iequals(known.word, *word)) return known.type;
    }
    authentication.fail("authentication.type must be sas, selfSigned or certificateAuthority");
    return AuthenticationType::sas;
}

}  // namespace

json::value text_or_null(const std::optional<std::string>& text) {
    return text ? json::value(to_utf8(*text)) : json::value(nullptr);
}

json::value filled_or_null(std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

std::string registry_time(const std::optional<WallTime>& time) {
    return time ? to_iso8601_without_zone(*time) : std::string(never);
}

std::string_view status_word(model::DeviceStatus status) {
    return status == model::DeviceStatus::enabled ? "enabled" : "disabled";
}

std::string_view connection_word(bool connected) {
    return connected ? "Connected" : "Disconnected";
}

std::string_view type_word(AuthenticationType type) {
    return std::ranges::find(type_words, type, &TypeWord::type)->word;
}

json::object authentication_object(const model::AuthenticationMechanism& authentication) {
    return {
        {"symmetricKey",
         {{"primaryKey", filled_or_null(authentication.symmetric_key.primary)},
          {"secondaryKey", filled_or_null(authentication.symmetric_key.secondary)}}},
        {"x509Thumbprint",
         {{"primaryThumbprint", text_or_null(authentication.x509_thumbprint.primary)},
          {"secondaryThumbprint", text_or_null(authentication.x509_thumbprint.secondary)}}},
        {"type", type_word(authentication.type)},
    };
}

json::array parent_scopes_array(std::string_view parent_scope) {
    json::array scopes;
    if (!parent_scope.empty()) scopes.emplace_back(parent_scope);
    return scopes;
}

model::DeviceStatus read_status(Members& device) {
    const auto word = device.filled_text("status");
    if (!word || iequals(*word, "enabled")) return model::DeviceStatus::enabled;
    if (!iequals(*word, "disabled")) device.fail("status must be enabled or disabled");
    return model::DeviceStatus::disabled;
}

model::AuthenticationMechanism read_authentication(Members authentication) {
    Members keys = authentication.object("symmetricKey");
    Members thumbprints = authentication.object("x509Thumbprint");
    model::AuthenticationMechanism read;
    read.x509_thumbprint = {.primary = thumbprints.filled_text("primaryThumbprint"),
                            .secondary = thumbprints.filled_text("secondaryThumbprint")};
    read.symmetric_key = {.primary = keys.filled_text("primaryKey").value_or(""),
                          .secondary = keys.filled_text("secondaryKey").value_or("")};
    read.type = read_type(authentication, read.x509_thumbprint);
    return read;
}

std::optional<std::string> read_parent_scope(Members& device) {
    const auto* const scopes = device.array("parentScopes");
    if (scopes == nullptr || scopes->empty()) return std::nullopt;
    if (scopes->size() > 1) {
        device.fail("parentScopes has at most one entry");
        return std::nullopt;
    }
    const json::value& scope = scopes->front();
    if (!scope.is_string()) {
        device.fail("parentScopes must be an array of strings");
        return std::nullopt;
    }
    return std::string(scope.get_string());
}

model::DeviceDefinition read_definition(Members& device, const model::DeviceId& id) {
    return {.id = id,
            .status = read_status(device),
            .status_reason = device.filled_text("statusReason"),
            .authentication = read_authentication(device.object("authentication")),
            .iot_edge = device.object("capabilities").flag("iotEdge").value_or(false),
            .device_scope = device.text("deviceScope"),
            .parent_scope = read_parent_scope(device)};
}

std::optional<WallTime> read_time(Members& device, std::string_view name) {
    const auto text = device.filled_text(name);
    if (!text || text->starts_with(never)) return std::nullopt;
    const auto time = parse_iso8601(*text);
    if (!time) {
        device.fail(fmt::format("{}: {}", name, time.error().message));
        return std::nullopt;
    }
    if (registry_time(*time).starts_with(never)) return std::nullopt;  // in another spelling
    return *time;
}

}  // namespace restante::wire
