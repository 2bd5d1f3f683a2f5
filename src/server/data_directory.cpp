#include "server/data_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "server/config.hpp"
#include "server/keyring_json.hpp"

namespace restante::server {
namespace {

namespace json = boost::json;

[[noreturn]] void fail_with(std::string_view what, const std::filesystem::path& path, int error) {
    throw UsageError(fmt::format("{} {}: {}", what, path.string(), std::strerror(error)));
}

/// A file that root made in somebody else's folder is for that somebody: the hub that runs there.
/// Where owners cannot be set (a network share, a container's folder) it stays as it is.
void give_to_owner(int file, const std::filesystem::path& folder) {
    struct stat about{};
    if (::geteuid() != 0 || ::stat(folder.c_str(), &about) != 0) return;
    if (::fchown(file, about.st_uid, about.st_gid) != 0) return;
}

std::unexpected<Error> damaged(const std::filesystem::path& file, const Error& error) {
    return fail(error.code, fmt::format("{} is damaged: {}; mend it, or put back a copy",
                                        file.string(), error.message));
}

struct Descriptor {
    explicit Descriptor(int number) : value(number) {}
    ~Descriptor() {
        if (value >= 0) ::close(value);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    const int value;
};

/// Makes the names in a folder durable.
bool sync_folder(const std::filesystem::path& path) {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.value >= 0 && ::fsync(folder.value) == 0;
}

/// The folder that the new one's name stands in, and those that are yet to be made above it.
std::vector<std::filesystem::path> folders_to_sync(const std::filesystem::path& made) {
    std::vector<std::filesystem::path> folders{made.parent_path()};
    std::error_code error;
    while (!std::filesystem::exists(folders.back(), error) && folders.back().has_relative_path()) {
        folders.push_back(folders.back().parent_path());
    }
    return folders;
}

}  // namespace

KeyringLock::~KeyringLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

DataDirectory DataDirectory::create(std::filesystem::path path) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    const auto above = folders_to_sync(absolute);
    std::filesystem::create_directories(absolute.parent_path(), error);
    if (::mkdir(absolute.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        fail_with("cannot create the data folder", absolute, errno);
    }
    if (::access(absolute.c_str(), R_OK | W_OK | X_OK) != 0) {
        fail_with("cannot use the data folder", absolute, errno);
    }
    // All that is synced in there is lost with its name. Somebody else's folder may not be ours to
    // open, and then its owner has to see to that.
    for (const auto& folder : above) sync_folder(folder);
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

void DataDirectory::prepare_policies() const {
    const auto lock = lock_keyring();
    if (!has("policies.json")) write(auth::make_default_policies());
}

void DataDirectory::prepare_certificate_authority(WallTime now) const {
    const auto lock = lock_keyring();
    const bool certificate = has("ca.pem");
    const bool key = has("ca.key.pem");
    if (certificate && key) return;
    // The key is written first, and no client knows of an authority before the hub is ready: a key
    // alone in a folder without ports is what a first start left that was cut short.
    const bool interrupted = key && !has("ports.json");
    if ((certificate || key) && !interrupted) {
        throw UsageError(fmt::format(
            "{} holds {} without {}: put the other one back, or remove it too to get a new "
            "authority, which every client must then be told to trust",
            path_.string(), certificate ? "ca.pem" : "ca.key.pem",
            certificate ? "ca.key.pem" : "ca.pem"));
    }
    const auto authority = auth::create_certificate_authority(now);
    if (!authority) throw std::runtime_error(authority.error().message);
    write(*authority);
}

Result<auth::SharedAccessPolicies> DataDirectory::policies() const {
    const auto text = read("policies.json");
    if (!text) return std::unexpected(text.error());
    auto policies = policies_from_json(*text);
    if (!policies) return damaged(policies_path(), policies.error());
    return policies;
}

Result<std::vector<auth::TrustedAuthority>> DataDirectory::authorities() const {
    if (!has("authorities.json")) return {};
    const auto text = read("authorities.json");
    if (!text) return std::unexpected(text.error());
    auto authorities = authorities_from_json(*text);
    if (!authorities) return damaged(authorities_path(), authorities.error());
    return authorities;
}

Result<auth::CertificateAndKey> DataDirectory::certificate_authority() const {
    auto certificate = read("ca.pem");
    if (!certificate) return std::unexpected(certificate.error());
    auto key = read("ca.key.pem");
    if (!key) return std::unexpected(key.error());
    return auth::CertificateAndKey{.certificate_pem = std::move(*certificate),
                                   .private_key_pem = std::move(*key)};
}

KeyringLock DataDirectory::lock_keyring() const {
    const auto file = path_ / "keyring.lock";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) fail_with("cannot open", file, errno);
    KeyringLock lock(descriptor);
    give_to_owner(descriptor, path_);
    while (::flock(descriptor, LOCK_EX) != 0) {
        if (errno != EINTR) fail_with("cannot lock", file, errno);
    }
    return lock;
}

void DataDirectory::write(const auth::SharedAccessPolicies& policies) const {
    write_file("policies.json", policies_to_json(policies));
}

void DataDirectory::write(const std::vector<auth::TrustedAuthority>& authorities) const {
    write_file("authorities.json", authorities_to_json(authorities));
}

void DataDirectory::write(const auth::CertificateAndKey& authority) const {
    write_file("ca.key.pem", authority.private_key_pem);
    write_file("ca.pem", authority.certificate_pem);
}

void DataDirectory::write_ports(const Ports& ports) const {
    json::object object{{"hostname", ports.hostname},
                        {"mqtt", ports.mqtt},
                        {"amqp", ports.amqp},
                        {"https", ports.https}};
    if (!ports.certificate.empty()) object["certificate"] = ports.certificate;
    write_file("ports.json", json::serialize(object) + '\n');
}

Ports DataDirectory::ports() const {
    if (!has("ports.json")) {
        throw UsageError(fmt::format(
            "the hub in {} has never been ready: start it with `restante serve --data-dir {}`",
            path_.string(), path_.string()));
    }
    const auto text = read("ports.json");
    if (!text) throw UsageError(text.error().message);
    const auto value = json::parse(*text);
    const auto& object = value.as_object();
    const auto* certificate = object.if_contains("certificate");
    return {.hostname = std::string(object.at("hostname").as_string()),
            .mqtt = object.at("mqtt").to_number<std::uint16_t>(),
            .amqp = object.at("amqp").to_number<std::uint16_t>(),
            .https = object.at("https").to_number<std::uint16_t>(),
            .certificate = certificate ? std::string(certificate->as_string()) : std::string()};
}

Result<std::string> DataDirectory::read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) {
        return fail(
            ErrorCode::argument_invalid,
            fmt::format("cannot read {}: {}", (path_ / name).string(), std::strerror(errno)));
    }
    return text.str();
}

void DataDirectory::write_file(const std::string& name, const std::string& text) const {
    const auto target = path_ / name;
    const auto temporary = path_ / (name + ".new");
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.value < 0) fail_with("cannot write", temporary, errno);
    give_to_owner(file.value, path_);
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto written = ::write(file.value, rest.data(), rest.size());
        if (written < 0) fail_with("cannot write", temporary, errno);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.value) != 0) fail_with("cannot write", temporary, errno);
    std::filesystem::rename(temporary, target);
    // The new name is durable once the folder is.
    if (!sync_folder(path_)) fail_with("cannot write", path_, errno);
}

}  // namespace restante::server
