#include "wire/module_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "wire/device_json.hpp"
#include "wire/etag.hpp"
#include "wire/identity_json.hpp"
#include "wire/json.hpp"

namespace restante::wire {
namespace {

namespace json = boost::json;

json::object module_object(const model::ModuleDescription& module) {
    const model::ModuleIdentity& identity = module.identity;
    return {
        {"moduleId", identity.id.value()},
        {"managedBy", text_or_null(identity.managed_by)},
        {"deviceId", module.device.value()},
        {"generationId", identity.generation_id},
        {"etag", etag_text(identity.version)},
        {"connectionState", connection_word(module.connected)},
        {"connectionStateUpdatedTime", registry_time(module.connection_state_updated_at)},
        {"lastActivityTime", registry_time(module.last_activity_at)},
        {"cloudToDeviceMessageCount", 0},
        {"authentication", authentication_object(identity.authentication)},
    };
}

}  // namespace

std::string to_json(const model::ModuleDescription& module) {
    return json::serialize(module_object(module));
}

std::string to_json(std::span<const model::ModuleDescription> modules) {
    json::array list;
    list.reserve(modules.size());
    for (const auto& module : modules) list.push_back(module_object(module));
    return json::serialize(list);
}

Result<model::ModuleDefinition> module_from_json(std::string_view body,
                                                 const model::DeviceId& device,
                                                 const model::ModuleId& id) {
    const auto value = parse_json(body, device_json_bytes_max);
    if (!value) return std::unexpected(value.error());
    if (!value->is_object()) {
        return fail(ErrorCode::argument_invalid, "the body must be a JSON object");
    }
    std::optional<Error> error;
    Members members(&value->get_object(), "", error);
    if (members.text("deviceId").value_or(device.value()) != device.value()) {
        members.fail("deviceId in the body must be equal to the one in the path");
    }
    if (members.text("moduleId") != id.value()) {
        members.fail("moduleId in the body must be there and equal to the one in the path");
    }
    model::ModuleDefinition module{
        .device = device,
        .id = id,
        .managed_by = members.filled_text("managedBy"),
        .authentication = read_authentication(members.object("authentication"))};
    if (error) return std::unexpected(std::move(*error));
    return module;
}

}  // namespace restante::wire
