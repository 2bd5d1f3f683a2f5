#include "identity.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "base/result.hpp"

namespace restante::device {
namespace {

template <class Id>
Id parse_or_throw(std::string_view text) {
    auto id = Id::parse(text);
    if (!id) throw std::invalid_argument(id.error().message);
    return *std::move(id);
}

}  // namespace

Identity Identity::parse(std::string_view device_id) {
    return {.device = parse_or_throw<model::DeviceId>(device_id), .module = {}};
}

Identity Identity::parse(std::string_view device_id, std::string_view module_id) {
    return {.device = parse_or_throw<model::DeviceId>(device_id),
            .module = parse_or_throw<model::ModuleId>(module_id)};
}

Identity Identity::of_token(Kind kind, const std::vector<std::string>& path) {
    const bool of_device = path.size() == 2 && path[0] == "devices";
    const bool of_module = path.size() == 4 && path[0] == "devices" && path[2] == "modules";
    if (of_device && kind == Kind::device) return parse(path[1]);
    if (of_module && kind == Kind::module) return parse(path[1], path[3]);
    if (of_module) throw std::invalid_argument("Provided SasToken is for a module");
    if (of_device) throw std::invalid_argument("Provided SasToken is for a device");
    throw std::invalid_argument(
        fmt::format("Invalid SasToken provided: its resource (sr) must be "
                    "{{host}}/devices/{{device id}}{}",
                    kind == Kind::module ? "/modules/{module id}" : ""));
}

std::string Identity::path() const {
    std::string path = "devices/" + device.value();
    if (module) path += "/modules/" + module->value();
    return path;
}

std::string Identity::client_id() const {
    return module ? device.value() + '/' + module->value() : device.value();
}

}  // namespace restante::device
