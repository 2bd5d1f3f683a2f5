#include "core/query/fields.hpp"

#include <array>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace restante::core::query {
namespace {

struct Name {
    std::string_view path;
    Field field;
};
constexpr std::array names{
    Name{"deviceId", Field::device_id},
    Name{"moduleId", Field::module_id},
    Name{"etag", Field::etag},
    Name{"deviceEtag", Field::device_etag},
    Name{"status", Field::status},
    Name{"statusReason", Field::status_reason},
    Name{"statusUpdateTime", Field::status_update_time},
    Name{"statusUpdatedTime", Field::status_update_time},
    Name{"connectionState", Field::connection_state},
    Name{"lastActivityTime", Field::last_activity_time},
    Name{"cloudToDeviceMessageCount", Field::cloud_to_device_message_count},
    Name{"authenticationType", Field::authentication_type},
    Name{"x509Thumbprint", Field::x509_thumbprint},
    Name{"x509Thumbprint.primaryThumbprint", Field::primary_thumbprint},
    Name{"x509Thumbprint.secondaryThumbprint", Field::secondary_thumbprint},
    Name{"version", Field::version},
    Name{"capabilities", Field::capabilities},
    Name{"capabilities.iotEdge", Field::iot_edge},
    Name{"deviceScope", Field::device_scope},
    Name{"parentScopes", Field::parent_scopes},
    Name{"modelId", Field::model_id},
};

const Name* find_name(std::span<const std::string> path) {
    std::string joined;
    for (const auto& part : path) joined += (joined.empty() ? "" : ".") + part;
    for (const Name& name : names) {
        if (iequals(name.path, joined)) return &name;
    }
    return nullptr;
}

Value text_or_null(const std::optional<std::string>& text) {
    return text ? Value(*text) : Value(nullptr);
}

Value text_or_undefined(const std::string& text) {
    return text.empty() ? Value() : Value(text);
}

/// As twins have it: with a zone, and the year one for never.
std::string time_text(const std::optional<WallTime>& time) {
    return time ? to_iso8601(*time) : "0001-01-01T00:00:00Z";
}

std::string type_word(model::AuthenticationType type) {
    switch (type) {
        case model::AuthenticationType::sas:
            return "sas";
        case model::AuthenticationType::self_signed:
            return "selfSigned";
        case model::AuthenticationType::certificate_authority:
            return "certificateAuthority";
        case model::AuthenticationType::none:
            break;
    }
    return "none";
}

/// The version of an empty twin: its desired and its reported part have one each.
constexpr double twin_version = 2;
/// The tag of a twin that never changed: base64 of eight bytes, the number one.
constexpr std::string_view twin_etag = "AAAAAAAAAAE=";

Value observed(Field field, const Row& row) {
    // Modules are not observed yet.
    const Activity activity = row.module ? Activity{} : row.observe(row.device.id);
    if (field == Field::connection_state) {
        return std::string(activity.connected ? "Connected" : "Disconnected");
    }
    if (field == Field::last_activity_time) return time_text(activity.last_activity_at);
    return static_cast<double>(activity.cloud_to_device_message_count);
}

Value proof(Field field, const model::AuthenticationMechanism& authentication) {
    const auto& [primary, secondary] = authentication.x509_thumbprint;
    if (field == Field::primary_thumbprint) return text_or_null(primary);
    if (field == Field::secondary_thumbprint) return text_or_null(secondary);
    if (field == Field::authentication_type) return type_word(authentication.type);
    return Object{{"primaryThumbprint", text_or_null(primary)},
                  {"secondaryThumbprint", text_or_null(secondary)}};
}

}  // namespace

Field find_field(std::span<const std::string> path) {
    const Name* name = find_name(path);
    return name ? name->field : Field::nothing;
}

std::string canonical_name(std::span<const std::string> path) {
    const Name* name = find_name(path);
    if (!name) return path.back();
    return std::string(split(name->path, '.').back());
}

Value value_of(Field field, const Row& row) {
    const model::DeviceIdentity& device = row.device;
    switch (field) {
        case Field::device_id:
            return device.id.value();
        case Field::module_id:
            return row.module ? Value(row.module->id.value()) : Value();
        case Field::etag:
            return std::string(twin_etag);
        case Field::device_etag: {
            const auto version = row.module ? row.module->version : device.version;
            return to_base64(as_bytes(std::to_string(version)));
        }
        case Field::status:
            return std::string(device.status == model::DeviceStatus::enabled ? "enabled"
                                                                             : "disabled");
        case Field::status_reason:
            return text_or_null(device.status_reason);
        case Field::status_update_time:
            return time_text(device.status_updated_at);
        case Field::connection_state:
        case Field::last_activity_time:
        case Field::cloud_to_device_message_count:
            return observed(field, row);
        case Field::authentication_type:
        case Field::x509_thumbprint:
        case Field::primary_thumbprint:
        case Field::secondary_thumbprint:
            return proof(field, row.module ? row.module->authentication : device.authentication);
        case Field::version:
            return twin_version;
        case Field::capabilities:
            return Object{{"iotEdge", device.iot_edge}};
        case Field::iot_edge:
            return device.iot_edge;
        case Field::device_scope:
            return text_or_undefined(device.device_scope);
        case Field::parent_scopes:
            return device.parent_scope.empty() ? Value() : Value(Array{Value(device.parent_scope)});
        case Field::model_id:
            return std::string();
        case Field::nothing:
            break;
    }
    return {};
}

}  // namespace restante::core::query
