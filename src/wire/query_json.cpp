#include "wire/query_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/byte_reader.hpp"
#include "base/encoding.hpp"
#include "base/timestamp.hpp"
#include "model/limits.hpp"
#include "wire/etag.hpp"
#include "wire/identity_json.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

namespace json = boost::json;

/// The tag of a twin that never changed: base64 of eight bytes, the number one.
constexpr std::string_view twin_etag = "AAAAAAAAAAE=";
/// Of an empty twin: its desired and its reported part have one each.
constexpr int twin_version = 2;

constexpr std::uint8_t token_version = 1;
constexpr std::size_t token_bytes_max = 1024;

std::string twin_time(const std::optional<WallTime>& time) {
    return time ? to_iso8601(*time) : std::string(never) + "Z";
}

json::object empty_section() {
    return {{"$metadata", {{"$lastUpdated", std::string(never) + "Z"}}}, {"$version", 1}};
}

/// What the twins of devices and modules end with.
void add_content(json::object& twin, const model::AuthenticationMechanism& authentication,
                 bool iot_edge) {
    twin["authenticationType"] = type_word(authentication.type);
    twin["x509Thumbprint"] = {
        {"primaryThumbprint", text_or_null(authentication.x509_thumbprint.primary)},
        {"secondaryThumbprint", text_or_null(authentication.x509_thumbprint.secondary)}};
    twin["modelId"] = "";
    twin["version"] = twin_version;
    twin["tags"] = json::object{};
    twin["properties"] = {{"desired", empty_section()}, {"reported", empty_section()}};
    twin["capabilities"] = {{"iotEdge", iot_edge}};
}

}  // namespace

Result<std::string> query_from_json(std::string_view body) {
    const auto value = parse_json(body, query_json_bytes_max);
    if (!value) return std::unexpected(value.error());
    std::optional<Error> error;
    if (!value->is_object()) {
        return fail(ErrorCode::argument_invalid, "the body must be a JSON object");
    }
    Members members(value->if_object(), "", error);
    auto query = members.filled_text("query");
    if (error) return std::unexpected(std::move(*error));
    if (!query) return fail(ErrorCode::argument_null, "BadRequest");
    return std::move(*query);
}

std::string query_to_json(std::string_view query) {
    return json::serialize(json::object{{"query", query}});
}

std::string twin_json(const model::DeviceDescription& device) {
    const auto& identity = device.identity;
    json::object twin{
        {"deviceId", identity.id.value()},
        {"etag", twin_etag},
        {"deviceEtag", etag_text(identity.version)},
        {"status", status_word(identity.status)},
        {"statusReason", text_or_null(identity.status_reason)},
        {"statusUpdateTime", twin_time(identity.status_updated_at)},
        {"connectionState", connection_word(device.connected)},
        {"lastActivityTime", twin_time(device.last_activity_at)},
        {"cloudToDeviceMessageCount", device.cloud_to_device_message_count},
    };
    add_content(twin, identity.authentication, identity.iot_edge);
    if (!identity.device_scope.empty()) twin["deviceScope"] = identity.device_scope;
    if (!identity.parent_scope.empty()) {
        twin["parentScopes"] = parent_scopes_array(identity.parent_scope);
    }
    return json::serialize(twin);
}

std::string twin_json(const model::ModuleDescription& module, bool iot_edge) {
    json::object twin{
        {"deviceId", module.device.value()},
        {"moduleId", module.identity.id.value()},
        {"etag", twin_etag},
        {"deviceEtag", etag_text(module.identity.version)},
        {"status", status_word(module.device_status)},
        {"statusReason", nullptr},
        {"statusUpdateTime", twin_time(std::nullopt)},
        {"connectionState", connection_word(module.connected)},
        {"lastActivityTime", twin_time(module.last_activity_at)},
        {"cloudToDeviceMessageCount", 0},
    };
    add_content(twin, module.identity.authentication, iot_edge);
    return json::serialize(twin);
}

std::string ContinuationToken::to_text() const {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.u8(token_version);
    writer.u64(given);
    writer.u32(static_cast<std::uint32_t>(device.size()));
    writer.text(device);
    writer.text(module);
    return to_base64(bytes);
}

Result<ContinuationToken> ContinuationToken::parse(std::string_view text) {
    const auto malformed = [] {
        return fail(ErrorCode::argument_invalid,
                    "x-ms-continuation must be what the page before came with");
    };
    const auto bytes = text.size() <= token_bytes_max ? from_base64(text) : std::nullopt;
    if (!bytes) return malformed();
    ByteReader reader(*bytes);
    const bool known = reader.u8() == token_version;
    ContinuationToken token;
    token.given = reader.u64();
    token.device = restante::to_text(reader.take(reader.u32()));
    token.module = restante::to_text(reader.take(reader.remaining()));
    if (!known || !reader.ok()) return malformed();
    return token;
}

}  // namespace restante::wire
