#include "cli/device_credentials.hpp"

#include "base/encoding.hpp"
#include "wire/connection_string.hpp"

namespace restante::cli {

service::ServiceAccount::Credentials device_credentials(const std::string& connection_string) {
    const auto parsed = wire::ConnectionString::parse(connection_string);
    if (!parsed) throw std::invalid_argument(parsed.error().message);
    if (const auto usable = parsed->check_device(); !usable) {
        throw std::invalid_argument(usable.error().message);
    }
    if (!parsed->shared_access_key) {
        throw std::invalid_argument("the device's connection string holds no SharedAccessKey");
    }
    return {.host_name = parsed->host_name,
            .path = identity_path(*parsed->device_id, parsed->module_id.value_or("")),
            .policy = parsed->shared_access_key_name.value_or(""),
            .key = decode_key(*parsed->shared_access_key)};
}

std::string identity_path(const std::string& device_id, const std::string& module_id) {
    std::string path = "/devices/" + device_id;
    if (!module_id.empty()) path += "/modules/" + module_id;
    return path;
}

Bytes decode_key(const std::string& text) {
    auto key = from_base64(text);
    if (!key || key->empty()) throw std::invalid_argument("the key is not base64 text");
    return std::move(*key);
}

}  // namespace restante::cli
