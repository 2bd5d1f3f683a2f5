#include <fmt/format.h>

#include <iostream>

#include "auth/shared_access_signature.hpp"
#include "cli/device_credentials.hpp"
#include "cli/keyring_folder.hpp"
#include "cli/login.hpp"
#include "server/config.hpp"
#include "wire/connection_string.hpp"

namespace restante::cli {
namespace {

constexpr std::uint32_t seconds_max = 10 * 365 * 24 * 3600U;

/// One line from a file, or from the input: keys have no place among a command's words, where
/// every user of the machine sees them.
std::string read_key(const std::string& file) {
    std::string text;
    if (file == "-") {
        std::getline(std::cin, text);
    } else {
        text = read_file(file);
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

class SasToken final : public Verb {
  public:
    explicit SasToken(CLI::App& app);
    void run() override;

  private:
    using Credentials = service::ServiceAccount::Credentials;

    Credentials find() const;
    Credentials of_identity(const Login::Hub& hub) const;

    Login login_;
    std::string device_id_;
    std::string module_id_;
    std::string which_key_ = "primary";
    std::string key_file_;
    std::string hostname_;
    std::uint32_t seconds_ = 3600;
};

SasToken::SasToken(CLI::App& app) {
    app.description(
        "Prints a shared access signature: of the login's policy, or of a device or module. The "
        "login may also be a device's own connection string.");
    login_.declare(app);
    auto* device = app.add_option("--device", device_id_,
                                  "For this device; its key comes from "
                                  "the hub")
                       ->type_name("ID");
    app.add_option("--module", module_id_, "For this module of the device")
        ->type_name("ID")
        ->needs(device);
    app.add_option("--key-type", which_key_, "Which of its keys")
        ->needs(device)
        ->check(CLI::IsMember({"primary", "secondary"}))
        ->capture_default_str();
    auto* key = app.add_option("--key", key_file_,
                               "File with its base64 key, - for the input; no hub is asked")
                    ->type_name("FILE")
                    ->needs(device);
    auto* host = app.add_option("--hostname", hostname_, "The hub's name, for --key")
                     ->type_name("NAME")
                     ->needs(key);
    key->needs(host);
    app.add_option("--ttl", seconds_, "How long it holds")
        ->type_name("SECONDS")
        ->check(CLI::Range(1U, seconds_max))
        ->capture_default_str();
}

SasToken::Credentials SasToken::of_identity(const Login::Hub& hub) const {
    auto manager =
        IoTHubRegistryManager::from_connection_string(hub.connection_string, hub.options);
    const auto authentication = module_id_.empty()
                                    ? manager.get_device(device_id_).authentication
                                    : manager.get_module(device_id_, module_id_).authentication;
    if (authentication.type != "sas") {
        throw std::runtime_error(fmt::format(
            "{} proves itself by a certificate: it has no key that a token could be made of",
            module_id_.empty() ? device_id_ : module_id_));
    }
    const auto& keys = authentication.symmetric_key;
    return {.host_name = manager.hostname(),
            .path = identity_path(device_id_, module_id_),
            .policy = {},
            .key = decode_key(which_key_ == "primary" ? keys.primary_key : keys.secondary_key)};
}

SasToken::Credentials SasToken::find() const {
    if (!key_file_.empty()) {
        return {.host_name = hostname_,
                .path = identity_path(device_id_, module_id_),
                .policy = {},
                .key = decode_key(read_key(key_file_))};
    }
    const auto hub = login_.find();
    const auto login = wire::ConnectionString::parse(hub.connection_string);
    if (!login || !login->device_id) {
        return device_id_.empty() ? service::policy_credentials(hub.connection_string)
                                  : of_identity(hub);
    }
    auto credentials = device_credentials(hub.connection_string);
    if (!device_id_.empty() && identity_path(device_id_, module_id_) != credentials.path) {
        throw server::UsageError(
            fmt::format("the login speaks for {} alone", credentials.path.substr(1)));
    }
    return credentials;
}

void SasToken::run() {
    const auto credentials = find();
    const auto place = value_of(wire::split_host(credentials.host_name, 443));
    const WallTime expiry = SystemClock().now().wall + std::chrono::seconds(seconds_);
    fmt::print("{}\n",
               auth::SharedAccessSignature::create(place.host + credentials.path, credentials.key,
                                                   expiry, credentials.policy));
}

}  // namespace

std::unique_ptr<Verb> sas_token(CLI::App& app) {
    return std::make_unique<SasToken>(app);
}

}  // namespace restante::cli
