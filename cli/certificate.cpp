#include <fmt/chrono.h>
#include <fmt/format.h>

#include "auth/authority_proof.hpp"
#include "cli/keyring_folder.hpp"
#include "server/config.hpp"

namespace restante::cli {
namespace {

void print_authority(const std::string& pem) {
    const auto about = value_of(auth::describe_authority(pem));
    fmt::print(
        "subject  {}\n"
        "SHA-256  {}\n"
        "expires  {:%F}\n",
        about.subject, about.fingerprint, std::chrono::floor<std::chrono::days>(about.expires_at));
}

void show(const server::DataDirectory& directory) {
    if (directory.has_ports() && !directory.ports().certificate.empty()) {
        fmt::print("The hub shows its owner's certificate: {}\n", directory.ports().certificate);
        return;
    }
    const auto authority = value_of(directory.certificate_authority());
    fmt::print("The hub's private CA issues its certificate. Clients trust {}:\n\n",
               directory.ca_path().string());
    print_authority(authority.certificate_pem);
}

void replace(const server::DataDirectory& directory, const std::string& certificate_file,
             const std::string& key_file) {
    const auth::CertificateAndKey authority{.certificate_pem = read_file(certificate_file),
                                            .private_key_pem = read_file(key_file)};
    const auto now = SystemClock().now().wall;
    const std::vector<std::string> host{server::Config{}.hostname};
    if (const auto valid = auth::check_new_authority(authority.certificate_pem, now); !valid) {
        throw std::runtime_error(fmt::format("{}: {}", certificate_file, valid.error().message));
    }
    // The check that counts: whether it can do what it is for.
    if (const auto trial = auth::issue_server_certificate(authority, host, now); !trial) {
        throw std::runtime_error(fmt::format("{}: {}", key_file, trial.error().message));
    }
    const auto lock = directory.lock_keyring();
    directory.write(authority);
    print_authority(authority.certificate_pem);
    fmt::print(
        "\nA running hub shows new connections a certificate by this authority within a second.\n"
        "Clients must trust {}.\n",
        directory.ca_path().string());
}

}  // namespace

void certificate(Arguments arguments) {
    KeyringFolder folder;
    std::string certificate_file;
    std::string key_file;
    CLI::App app("The private CA that issues a hub's certificate.", "restante certificate");
    app.require_subcommand(1);
    app.fallthrough();
    folder.declare(app);
    auto* showing = app.add_subcommand("show", "Print which certificate clients must trust");
    auto* replacing = app.add_subcommand("replace", "Put another private CA in its place");
    replacing->add_option("--certificate", certificate_file, "PEM file: the new CA's certificate")
        ->type_name("FILE")
        ->required();
    replacing->add_option("--key", key_file, "PEM file: the new CA's private key")
        ->type_name("FILE")
        ->required();
    parse(app, arguments);

    const auto directory = folder.open();
    if (*showing) {
        show(directory);
    } else if (*replacing) {
        replace(directory, certificate_file, key_file);
    }
}

}  // namespace restante::cli
