#include "wire/device_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "model/limits.hpp"
#include "wire/etag.hpp"
#include "wire/json.hpp"
#include "wire/json_members.hpp"

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
};

constexpr std::string_view never = "0001-01-01T00:00:00";

json::value text_or_null(const std::optional<std::string>& text) {
    return text ? json::value(to_utf8(*text)) : json::value(nullptr);
}

json::value key_or_null(const std::string& key) {
    return key.empty() ? json::value(nullptr) : json::value(key);
}

std::string time_text(const std::optional<WallTime>& time) {
    return time ? to_iso8601_without_zone(*time) : std::string(never);
}

std::string_view status_word(model::DeviceStatus status) {
    return status == model::DeviceStatus::enabled ? "enabled" : "disabled";
}

json::object authentication_object(const model::AuthenticationMechanism& authentication) {
    const auto word = std::ranges::find(type_words, authentication.type, &TypeWord::type);
    return {
        {"symmetricKey",
         {{"primaryKey", key_or_null(authentication.symmetric_key.primary)},
          {"secondaryKey", key_or_null(authentication.symmetric_key.secondary)}}},
        {"x509Thumbprint",
         {{"primaryThumbprint", text_or_null(authentication.x509_thumbprint.primary)},
          {"secondaryThumbprint", text_or_null(authentication.x509_thumbprint.secondary)}}},
        {"type", word->word},
    };
}

json::object device_object(const model::DeviceDescription& device) {
    const model::DeviceIdentity& identity = device.identity;
    json::value scope = nullptr;
    if (identity.iot_edge) {
        scope =
            fmt::format("ms-azure-iot-edge://{}-{}", identity.id.value(), identity.generation_id);
    }
    return {
        {"deviceId", identity.id.value()},
        {"generationId", identity.generation_id},
        {"etag", etag_text(identity.version)},
        {"connectionState", device.connected ? "Connected" : "Disconnected"},
        {"status", status_word(identity.status)},
        {"statusReason", text_or_null(identity.status_reason)},
        {"connectionStateUpdatedTime", time_text(device.connection_state_updated_at)},
        {"statusUpdatedTime", time_text(identity.status_updated_at)},
        {"lastActivityTime", time_text(device.last_activity_at)},
        {"cloudToDeviceMessageCount", device.cloud_to_device_message_count},
        {"authentication", authentication_object(identity.authentication)},
        {"capabilities", {{"iotEdge", identity.iot_edge}}},
        {"deviceScope", scope},
        {"parentScopes", json::array{}},
    };
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_key(std::string_view text) {
    const auto bytes = from_base64(text);
    return bytes && bytes->size() >= model::limits::symmetric_key_bytes_min &&
           bytes->size() <= model::limits::symmetric_key_bytes_max;
}

bool is_thumbprint(std::string_view text) {
    constexpr std::size_t sha1_digits = 40;
    constexpr std::size_t sha256_digits = 64;
    return (text.size() == sha1_digits || text.size() == sha256_digits) &&
           std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

model::DeviceStatus read_status(Members& device) {
    const auto word = device.filled_text("status");
    if (!word || iequals(*word, "enabled")) return model::DeviceStatus::enabled;
    if (!iequals(*word, "disabled")) device.fail("status must be enabled or disabled");
    return model::DeviceStatus::disabled;
}

std::optional<std::string> read_status_reason(Members& device) {
    auto reason = device.filled_text("statusReason");
    if (reason && characters(*reason) > model::limits::status_reason_characters_max) {
        device.fail(fmt::format("statusReason has at most {} characters",
                                model::limits::status_reason_characters_max));
    }
    return reason;
}

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
    authentication.fail(
        iequals(*word, "none")
            ? "DeviceAuthenticationTypeIsMissing: authentication.type none is for modules only"
            : "authentication.type must be sas, selfSigned or certificateAuthority");
    return AuthenticationType::sas;
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

/// What the hub asks of credentials. Those of another type than the chosen one are dropped.
void check_authentication(model::AuthenticationMechanism& authentication, Members& members) {
    if (authentication.type == AuthenticationType::sas) {
        const auto& [primary, secondary] = authentication.symmetric_key;
        if (primary.empty() != secondary.empty()) {
            members.fail("Either no keys or both keys can be set");
        }
        if (!primary.empty() && (!is_key(primary) || !is_key(secondary))) {
            members.fail(fmt::format(
                "Invalid device key length: a key is the base64 text of {} to {} bytes",
                model::limits::symmetric_key_bytes_min, model::limits::symmetric_key_bytes_max));
        }
    } else {
        authentication.symmetric_key = {};
    }
    if (authentication.type == AuthenticationType::self_signed) {
        for (const auto& text :
             {authentication.x509_thumbprint.primary, authentication.x509_thumbprint.secondary}) {
            if (text && !is_thumbprint(*text)) {
                members.fail(
                    "StringIsNotThumbprint: a thumbprint has 40 (SHA-1) or 64 (SHA-256) "
                    "hexadecimal digits and nothing between them");
            }
        }
    } else {
        authentication.x509_thumbprint = {};
    }
}

std::optional<WallTime> read_time(Members& device, std::string_view name) {
    const auto text = device.filled_text(name);
    if (!text || text->starts_with(never)) return std::nullopt;
    const auto time = parse_iso8601(*text);
    if (!time) {
        device.fail(fmt::format("{}: {}", name, time.error().message));
        return std::nullopt;
    }
    return *time;
}

Result<ReceivedDevice> read_device(const json::value& value) {
    std::optional<Error> error;
    Members members(value.if_object(), "", error);
    auto id = model::DeviceId::parse(members.text("deviceId").value_or(""));
    if (!id) members.fail(id.error().message);
    if (error) return fail(ErrorCode::malformed, std::move(error->message));
    ReceivedDevice device{.description = {.identity = {.id = std::move(*id),
                                                       .generation_id = {},
                                                       .status_reason = {},
                                                       .status_updated_at = {},
                                                       .authentication = {}},
                                          .connection_state_updated_at = {},
                                          .last_activity_at = {}},
                          .etag = members.text("etag").value_or(""),
                          .device_scope = members.filled_text("deviceScope"),
                          .parent_scopes = {}};
    model::DeviceDescription& description = device.description;
    model::DeviceIdentity& identity = description.identity;
    identity.generation_id = members.text("generationId").value_or("");
    identity.version = etag_version(device.etag).value_or(0);
    identity.status = read_status(members);
    identity.status_reason = members.filled_text("statusReason");
    identity.status_updated_at = read_time(members, "statusUpdatedTime");
    identity.authentication = read_authentication(members.object("authentication"));
    identity.iot_edge = members.object("capabilities").flag("iotEdge").value_or(false);
    description.connected = iequals(members.text("connectionState").value_or(""), "Connected");
    description.connection_state_updated_at = read_time(members, "connectionStateUpdatedTime");
    description.last_activity_at = read_time(members, "lastActivityTime");
    description.cloud_to_device_message_count =
        members.count("cloudToDeviceMessageCount").value_or(0);
    if (const auto* const scopes = members.array("parentScopes")) {
        for (const json::value& scope : *scopes) {
            if (scope.is_string()) device.parent_scopes.emplace_back(scope.get_string());
        }
    }
    if (error) return fail(ErrorCode::malformed, std::move(error->message));
    return device;
}

}  // namespace

std::string to_json(const model::DeviceDescription& device) {
    return json::serialize(device_object(device));
}

std::string to_json(std::span<const model::DeviceDescription> devices) {
    json::array list;
    list.reserve(devices.size());
    for (const auto& device : devices) list.push_back(device_object(device));
    return json::serialize(list);
}

Result<model::DeviceDefinition> definition_from_json(std::string_view body,
                                                     const model::DeviceId& id) {
    const auto value = parse_json(body, device_json_bytes_max);
    if (!value) return std::unexpected(value.error());
    if (!value->is_object()) {
        return fail(ErrorCode::argument_invalid, "the body must be a JSON object");
    }
    std::optional<Error> error;
    Members members(&value->get_object(), "", error);
    if (members.text("deviceId") != id.value()) {
        members.fail("deviceId in the body must be there and equal to the one in the path");
    }
    model::DeviceDefinition device{
        .id = id,
        .status = read_status(members),
        .status_reason = read_status_reason(members),
        .authentication = read_authentication(members.object("authentication")),
        .iot_edge = members.object("capabilities").flag("iotEdge").value_or(false)};
    check_authentication(device.authentication, members);
    if (error) return std::unexpected(std::move(*error));
    return device;
}

std::string to_json(const model::DeviceDefinition& device) {
    const json::object body{
        {"deviceId", device.id.value()},
        {"status", status_word(device.status)},
        {"statusReason", text_or_null(device.status_reason)},
        {"authentication", authentication_object(device.authentication)},
        {"capabilities", {{"iotEdge", device.iot_edge}}},
    };
    return json::serialize(body);
}

Result<ReceivedDevice> device_from_json(std::string_view body) {
    const auto value = parse_json(body, device_json_bytes_max);
    if (!value) return fail(ErrorCode::malformed, value.error().message);
    return read_device(*value);
}

Result<std::vector<ReceivedDevice>> devices_from_json(std::string_view body) {
    const auto value = parse_json(body, device_list_json_bytes_max);
    if (!value) return fail(ErrorCode::malformed, value.error().message);
    if (!value->is_array()) return fail(ErrorCode::malformed, "the hub's answer is no JSON array");
    std::vector<ReceivedDevice> devices;
    devices.reserve(std::min(value->get_array().size(), model::limits::device_list_max));
    for (const json::value& item : value->get_array()) {
        auto device = read_device(item);
        if (!device) return std::unexpected(device.error());
        devices.push_back(std::move(*device));
    }
    return devices;
}

}  // namespace restante::wire
