#include "server/data_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "server/config.hpp"

namespace restante::server {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<auth::Rights, std::string_view>, 4> right_names{
    {{auth::Rights::registry_read, "RegistryRead"},
     {auth::Rights::registry_write, "RegistryWrite"},
     {auth::Rights::service_connect, "ServiceConnect"},
     {auth::Rights::device_connect, "DeviceConnect"}}};

std::string to_text(auth::Rights rights) {
    std::string text;
    for (const auto& [right, name] : right_names) {
        if (!auth::includes(rights, right)) continue;
        if (!text.empty()) text += ", ";
        text += name;
    }
    return text;
}

auth::Rights rights_from(std::string_view text) {
    auth::Rights rights = auth::Rights::none;
    for (const auto& [right, name] : right_names) {
        if (text.find(name) != std::string_view::npos) rights = rights | right;
    }
    return rights;
}

std::string policies_to_json(const auth::SharedAccessPolicies& policies) {
    json::array array;
    for (const auto& policy : policies) {
        array.push_back(json::object{{"keyName", policy.name},
                                     {"primaryKey", policy.primary_key},
                                     {"secondaryKey", policy.secondary_key},
                                     {"rights", to_text(policy.rights)}});
    }
    return json::serialize(array) + '\n';
}

auth::SharedAccessPolicies policies_from_json(std::string_view text) {
    auth::SharedAccessPolicies policies;
    for (const auto& value : json::parse(text).as_array()) {
        const auto& object = value.as_object();
        policies.push_back(
            {.name = std::string(object.at("keyName").as_string()),
             .primary_key = std::string(object.at("primaryKey").as_string()),
             .secondary_key = std::string(object.at("secondaryKey").as_string()),
             .rights = rights_from(std::string_view(object.at("rights").as_string()))});
    }
    return policies;
}

[[noreturn]] void fail_with(std::string_view what, const std::filesystem::path& path, int error) {
    throw UsageError(fmt::format("{} {}: {}", what, path.string(), std::strerror(error)));
}

}  // namespace

DataDirectory DataDirectory::create(std::filesystem::path path) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    std::filesystem::create_directories(absolute.parent_path(), error);
    if (::mkdir(absolute.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        fail_with("cannot create the data folder", absolute, errno);
    }
    if (::access(absolute.c_str(), R_OK | W_OK | X_OK) != 0) {
        fail_with("cannot use the data folder", absolute, errno);
    }
    return DataDirectory(std::move(path));
}

DataDirectory DataDirectory::open(std::filesystem::path path) {
    DataDirectory directory(std::move(path));
    if (!directory.has("policies.json")) {
        throw UsageError(fmt::format(
            "{} holds no hub: start one with `restante serve --data-dir {}`, or name its folder "
            "with --data-dir",
            directory.path_.string(), directory.path_.string()));
    }
    return directory;
}

auth::SharedAccessPolicies DataDirectory::policies() const {
    if (!has("policies.json")) {
        auto policies = auth::make_default_policies();
        write("policies.json", policies_to_json(policies));
        return policies;
    }
    try {
        return policies_from_json(read("policies.json"));
    } catch (const std::exception& error) {
        throw UsageError(
            fmt::format("{} is damaged ({}): put back a copy, or remove it to get new keys",
                        (path_ / "policies.json").string(), error.what()));
    }
}

auth::CertificateAndKey DataDirectory::certificate_authority(WallTime now) const {
    if (has("ca.pem") && has("ca.key.pem")) {
        return {.certificate_pem = read("ca.pem"), .private_key_pem = read("ca.key.pem")};
    }
    auto authority = auth::create_certificate_authority(now);
    if (!authority) throw std::runtime_error(authority.error().message);
    write("ca.key.pem", authority->private_key_pem);
    write("ca.pem", authority->certificate_pem);
    return *authority;
}

void DataDirectory::write_ports(const Ports& ports) const {
    write("ports.json", json::serialize(json::object{{"hostname", ports.hostname},
                                                     {"mqtt", ports.mqtt},
                                                     {"amqp", ports.amqp},
                                                     {"https", ports.https}}) +
                            '\n');
}

Ports DataDirectory::ports() const {
    if (!has("ports.json")) {
        throw UsageError(fmt::format(
            "the hub in {} has never been ready: start it with `restante serve --data-dir {}`",
            path_.string(), path_.string()));
    }
    const auto value = json::parse(read("ports.json"));
    const auto& object = value.as_object();
    return {.hostname = std::string(object.at("hostname").as_string()),
            .mqtt = object.at("mqtt").to_number<std::uint16_t>(),
            .amqp = object.at("amqp").to_number<std::uint16_t>(),
            .https = object.at("https").to_number<std::uint16_t>()};
}

std::string DataDirectory::read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) fail_with("cannot read", path_ / name, errno);
    return text.str();
}

void DataDirectory::write(const std::string& name, const std::string& text) const {
    const auto target = path_ / name;
    const auto temporary = path_ / (name + ".new");
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) fail_with("cannot write", temporary, errno);
    const auto written = ::write(file, text.data(), text.size());
    const bool kept = written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    const int error = errno;
    ::close(file);
    if (!kept) fail_with("cannot write", temporary, error);
    std::filesystem::rename(temporary, target);
}

}  // namespace restante::server
